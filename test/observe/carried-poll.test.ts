import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenCarriers } from '../../src/observe/carried/token-carriers.js';
import { observe } from '../../src/observe/observe.js';
import { startEmbeddedPostgres } from '../../src/demo/embedded-postgres.js';
import type { EmbeddedServer } from '../../src/demo/embedded-postgres.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';
import { createPoller, referenceSchema, type Poller } from './poller.js';
import { unhurried } from './unhurried.js';

const yaml = `
providers:
  fathom:
    preset: fathom
    columns: {updated_at: updated_at}
`;

let database: TestDatabase;
let poller: Poller;
// Transactions of other tests on the same server would put off what is carried.
let server: EmbeddedServer;
beforeAll(async () => {
  server = await startEmbeddedPostgres();
});
afterAll(() => server.stop());
beforeEach(async () => {
  database = await createDatabase({ name: 'of its own', url: (name) => server.url(name) });
  await database.query(referenceSchema);
  await database.query(
    `CREATE INDEX ON fathom_integrations (updated_at);
     INSERT INTO fathom_integrations (user_id, access_token, token_expires_at, is_active, updated_at)
     SELECT gen_random_uuid(), 'a', now() + n * interval '1 day', n % 2 = 0, now() - interval '1 day'
     FROM generate_series(-5, 20) AS n`,
  );
  await claimRows(100_000);
  poller = createPoller(database.url, { yaml });
});
afterEach(async () => {
  await poller.close();
  await database.drop();
});

/** What a vacuum would write. */
const claimRows = (rows: number) =>
  database.query(
    `UPDATE pg_class SET reltuples = ${String(rows)} WHERE oid = 'fathom_integrations'::regclass`,
  );
/** Past the trigger: only who reads every row sees it. */
const writeSilently = () =>
  database.query(
    `BEGIN; SET LOCAL session_replication_role = replica;
     UPDATE fathom_integrations SET token_expires_at = NULL, is_active = false; COMMIT`,
  );

async function pollTwice(everyRow: boolean, between: () => Promise<unknown>, polls = 1) {
  // A check of one row per poll: within the test it comes round to nothing.
  const carriers = createTokenCarriers(unhurried, { checked: 1, first: 1_000 });
  const look = async () => {
    const of = await observe(
      poller.database,
      poller.config,
      new Set(),
      Date.now,
      everyRow,
      null,
      carriers,
    );
    const tokens = of.providers[0]?.tokens;
    if (tokens?.known !== true) throw new Error('the tokens are not known');
    return { ...tokens.value, expiryDays: of.surroundings.providers.get('fathom')?.expiryDays };
  };
  // Other tests' transactions may put off the begin of carrying.
  let before = await look();
  for (let each = 1; each < 5; each += 1) before = await look();
  await between();
  for (let each = 1; each < polls; each += 1) await look();
  return { before, after: await look() };
}
const inFull = (everyRow: boolean) =>
  observe(poller.database, poller.config, new Set(), Date.now, everyRow);

describe('a poll of a large table', () => {
  beforeEach(() =>
    database.query('ALTER TABLE fathom_integrations ALTER token_expires_at DROP NOT NULL'),
  );

  it('reads what was written, and not what it knows', async () => {
    const { before, after } = await pollTwice(true, writeSilently);
    expect(before.rows).toHaveLength(26);
    expect(after.active.total).toBeGreaterThan(10);
    expect(after.rows?.filter(({ expiresAtMs }) => expiresAtMs === null).length).toBeLessThan(3);

    const written = await pollTwice(true, () =>
      database.query('UPDATE fathom_integrations SET token_expires_at = now(), is_active = true'),
    );
    expect(written.after.active.total).toBe(26);
  });

  it('counts, and says on which days tokens expire, as one that reads the table in full', async () => {
    await claimRows(3_000_000);
    const { before, after } = await pollTwice(false, () => Promise.resolve());
    const full = await inFull(false);
    expect(before.rows).toBeNull();
    expect(after.expiryDays).toEqual(full.surroundings.providers.get('fathom')?.expiryDays);
    expect(full.providers[0]?.tokens).toMatchObject({
      value: { active: after.active, inactive: after.inactive },
    });
  });

  it('knows of a delete two polls later, where an index on the expiry tells flags: all is checked at once', async () => {
    await claimRows(3_000_000);
    const remove = () =>
      database.query('DELETE FROM fathom_integrations WHERE token_expires_at < now()');
    const byId = await pollTwice(false, remove);
    expect(byId.after.active).toEqual(byId.before.active);

    await database.query(
      `CREATE INDEX ON fathom_integrations (token_expires_at) INCLUDE (is_active);
       INSERT INTO fathom_integrations (user_id, access_token, token_expires_at)
       SELECT gen_random_uuid(), 'a', now() - interval '1 day' FROM generate_series(1, 5)`,
    );
    await claimRows(3_000_000);
    const byExpiry = await pollTwice(false, remove, 2);
    expect(byExpiry.before.active.beforeNow).toBe(5);
    expect(byExpiry.after.active.beforeNow).toBe(0);
  });

  it('reads every row where no trigger moves updated_at: a refresh of ours would be overlooked', async () => {
    await database.query('ALTER TABLE fathom_integrations DISABLE TRIGGER USER');
    expect((await pollTwice(true, writeSilently)).after.active.total).toBe(0);
  });

  it('reads every row where there are few', async () => {
    await claimRows(99_999);
    expect((await pollTwice(true, writeSilently)).after.active.total).toBe(0);
  });

  it('counts in full where there are less than millions: the database does that well', async () => {
    await claimRows(2_999_999);
    expect((await pollTwice(false, writeSilently)).after.active.total).toBe(0);
  });
});
