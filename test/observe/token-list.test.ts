import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { observeTokenList } from '../../src/observe/observe-token-list.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { createPoller, type Poller } from './poller.js';
import { emptySchema } from './reference-rows.js';

const columns = '{ id: id, subject: owner, account: account, expires_at: at, active: active }';
const yaml = `
token_series_limit: 5
providers:
  first: { table: tokens, columns: ${columns} }
  second: { table: others, columns: ${columns} }`;

let database: TestDatabase;
let poller: Poller;
beforeAll(async () => {
  database = await createDatabase(testServer17);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptySchema(database);
  for (const table of ['tokens', 'others']) {
    await database.query(
      `CREATE TABLE ${table} (id text, owner text, account text, at timestamptz, active boolean)`,
    );
  }
  poller = createPoller(database.url, { yaml });
});
afterEach(() => poller.close());

async function list() {
  const { now, providers } = await observeTokenList(
    poller.database,
    poller.config.providers,
    Date.now,
  );
  const [first, second] = providers.map(({ tokens }) => (tokens.known ? tokens.value : null));
  return { now, first, second, readings: providers.map(({ tokens }) => tokens) };
}

describe('the list of tokens', () => {
  it('has those without expiry first, then the soonest, and a stable order among equals', async () => {
    await database.query(`INSERT INTO tokens (id, at) VALUES
      ('late', 'infinity'), ('b', '2025-11-28'), ('a', '2025-11-28'), ('none', NULL),
      ('early', '-infinity'), ('middle', '2025-11-29')`);
    expect((await list()).first?.map(({ id }) => id)).toEqual([
      'none',
      'early',
      'a',
      'b',
      'middle',
      'late',
    ]);
  });

  it('is of one instant, also where it takes several fetches', async () => {
    await database.query(`INSERT INTO tokens
      SELECT n::text, NULL, NULL, to_timestamp(n), true FROM generate_series(1, 4500) AS n`);
    await database.query(
      `INSERT INTO others (id) SELECT n::text FROM generate_series(1, 4000) AS n`,
    );
    const { first, second } = await list();
    expect(first).toHaveLength(4_500);
    expect(first?.map(({ expiresAtMs }) => expiresAtMs)).toEqual(
      Array.from({ length: 4_500 }, (_, index) => (index + 1) * 1_000),
    );
    expect(second).toHaveLength(4_000);
  });

  it('says what the database knows of a token, and null for what it does not', async () => {
    await database.query(`INSERT INTO tokens VALUES ('a', 'ada', 'ada@example.com', NULL, false)`);
    await database.query(`INSERT INTO others VALUES (NULL, NULL, NULL, NULL, NULL)`);
    const { first, second } = await list();
    const unknown = { expiresAtMs: null, appStatus: null };
    expect(first).toEqual([
      { id: 'a', subject: 'ada', account: 'ada@example.com', active: false, ...unknown },
    ]);
    expect(second).toEqual([{ id: null, subject: null, account: null, active: true, ...unknown }]);
  });

  it('of one provider that fails leaves the others', async () => {
    await database.query(`
      ALTER TABLE tokens RENAME TO base;
      CREATE VIEW tokens AS SELECT *, 1 / (id = 'fine')::int AS trap FROM base WHERE 1 / (id = 'fine')::int = 1;
      INSERT INTO base (id) VALUES ('fine'), ('bad');
      INSERT INTO others (id) VALUES ('other')`);
    const { readings, second } = await list();
    expect(readings[0]).toMatchObject({ known: false, state: 'failed' });
    expect(second?.map(({ id }) => id)).toEqual(['other']);
  });
});

describe('the most urgent tokens of a poll', () => {
  const urgent = async () =>
    (await poller.poll()).providers.get('first')?.tokens?.mostUrgent.map(({ id }) => id);

  it('are active ones before inactive, the soonest first, those without expiry last', async () => {
    await database.query(`INSERT INTO tokens (id, at, active) VALUES
      ('inactive', '2025-11-01', false), ('none', NULL, true), ('late', 'infinity', true),
      ('soon', '2025-11-29', true), ('sooner', '2025-11-28', NULL)`);
    expect(await urgent()).toEqual(['sooner', 'soon', 'late', 'none', 'inactive']);
  });

  it('are no more than configured, while the counts are of all', async () => {
    await database.query(`INSERT INTO tokens (id, at)
      SELECT chr(96 + n), to_timestamp(n) FROM generate_series(1, 9) AS n`);
    expect(await urgent()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect((await poller.poll()).providers.get('first')?.tokens).toMatchObject({
      total: 9,
      active: { expired: 9 },
      earliestExpiresAtMs: 1_000,
    });
  });

  it('are none where the limit is 0', async () => {
    await database.query(`INSERT INTO tokens (id, at) VALUES ('a', now())`);
    const none = createPoller(database.url, { yaml: yaml.replace('limit: 5', 'limit: 0') });
    const { providers } = await none.poll();
    await none.close();
    expect(providers.get('first')?.tokens).toMatchObject({ total: 1, mostUrgent: [] });
  });
});

it('the earliest expiry is the earliest that is an instant, of active and inactive tokens', async () => {
  await database.query(`INSERT INTO tokens (id, at, active) VALUES
    ('a', '-infinity', true), ('b', NULL, true), ('c', '2025-11-28T00:00:00.0019Z', false),
    ('d', '2025-11-29', true), ('e', 'infinity', true)`);
  const tokens = (await poller.poll()).providers.get('first')?.tokens;
  expect(tokens?.earliestExpiresAtMs).toBe(Date.parse('2025-11-28T00:00:00.001Z'));
});
