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
