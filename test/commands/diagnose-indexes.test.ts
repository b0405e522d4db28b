import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diagnose } from '../../src/commands/diagnose.js';
import { inspect } from '../../src/observe/inspect.js';
import { createPoller, referenceSchema, type Poller } from '../observe/poller.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';

let database: TestDatabase;
let poller: Poller;
beforeEach(async () => {
  database = await createDatabase(testServer17);
  await database.query(referenceSchema);
  poller = createPoller(database.url);
});
afterEach(async () => {
  await poller.close();
  await database.drop();
});

/** What doctor says of indexes. */
async function hints() {
  const inspection = await inspect(poller.database, poller.config, Date.now);
  return diagnose(poller.config, inspection).filter(({ text }) => /\bindex\b/.test(text));
}

describe('doctor', () => {
  it('proposes an index on the expiry that holds the active flag, and is content with it', async () => {
    const [hint, ...others] = await hints();
    expect(others).toEqual([]);
    expect(hint).toMatchObject({
      level: 'hint',
      subject: 'fathom:tokens',
      text: 'no index on token_expires_at; with so few rows none is needed, with many this one helps',
      remedy:
        'CREATE INDEX CONCURRENTLY ON "public"."fathom_integrations" ("token_expires_at") INCLUDE ("is_active");',
    });
    await database.query(hint!.remedy!);
    expect(await hints()).toEqual([]);
  });

  it('says what an index on the expiry lacks, and takes no partial one for one', async () => {
    await database.query(
      'CREATE INDEX ON fathom_integrations (token_expires_at) INCLUDE (is_active) WHERE is_active',
    );
    expect((await hints())[0]?.text).toMatch(/^no index on token_expires_at;/);
    await database.query('CREATE INDEX ON fathom_integrations (token_expires_at)');
    expect((await hints())[0]?.text).toMatch(
      /^the index on token_expires_at does not include is_active;/,
    );
    await database.query('CREATE INDEX ON fathom_integrations (token_expires_at, is_active)');
    expect(await hints()).toEqual([]);
  });
});

describe('doctor, of a table of 100,000 rows', () => {
  const wholeTable = async (yaml?: string) => {
    const look = createPoller(database.url, yaml === undefined ? {} : { yaml });
    const inspection = await inspect(look.database, look.config, Date.now);
    await look.close();
    return diagnose(look.config, inspection).filter(({ text }) => text.includes('whole table'));
  };
  const mapped = `
providers:
  fathom:
    preset: fathom
    columns: {updated_at: updated_at}
`;
  /** What a vacuum would write. */
  const claimRows = (rows: number) =>
    database.query(
      `UPDATE pg_class SET reltuples = ${String(rows)} WHERE oid = 'fathom_integrations'::regclass`,
    );

  it('asks for a column that tells what changed, then for an index on it', async () => {
    await claimRows(99_999);
    expect(await wholeTable()).toEqual([]);
    await claimRows(100_000);
    expect(await wholeTable()).toMatchObject([
      {
        level: 'hint',
        subject: 'fathom:tokens',
        remedy:
          'map a timestamptz that moves with every write: providers.fathom.columns.updated_at',
      },
    ]);
    const [hint, ...others] = await wholeTable(mapped);
    expect(others).toEqual([]);
    expect(hint).toMatchObject({
      text: 'every poll reads the whole table: no index on updated_at',
      remedy: 'CREATE INDEX CONCURRENTLY ON "public"."fathom_integrations" ("updated_at");',
    });
    await database.query(hint!.remedy!);
    expect(await wholeTable(mapped)).toEqual([]);
  });

  it('wants an id that never is NULL', async () => {
    await claimRows(100_000);
    await database.query(
      'ALTER TABLE fathom_integrations DROP CONSTRAINT fathom_integrations_pkey CASCADE; ALTER TABLE fathom_integrations ALTER id DROP NOT NULL',
    );
    expect((await wholeTable(mapped))[0]?.remedy).toBe(
      'map the primary key as providers.fathom.columns.id',
    );
  });
});
