import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observeTokenList } from '../../src/observe/observe-token-list.js';
import {
  createDatabase,
  describeOnEachServer,
  testServer17,
  type TestDatabase,
} from '../support/postgres.js';
import { createPoller } from './poller.js';

const yaml = `
providers:
  app:
    table: tokens
    columns: { id: id, subject: id, expires_at: expires_at }`;

/** 2025-11-28T08:00:00.123Z, and what each type keeps of it. */
const atMs = 1_764_316_800_123;
const secondMs = 1_764_316_800_000;

describeOnEachServer('an expiry', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(server);
    // What a session would make of a timestamp without time zone, and how it would print one.
    await database.query(`
      ALTER DATABASE ${database.name} SET TimeZone = 'America/New_York';
      ALTER DATABASE ${database.name} SET DateStyle = 'SQL, DMY';
      ALTER DATABASE ${database.name} SET IntervalStyle = 'sql_standard'`);
  });
  afterAll(() => database.drop());

  async function expiriesOf(type: string, values: readonly (string | null)[]) {
    await database.query(
      `DROP TABLE IF EXISTS tokens; CREATE TABLE tokens (id int, expires_at ${type})`,
    );
    for (const [id, value] of values.entries()) {
      await database.query('INSERT INTO tokens VALUES ($1, $2)', [id, value]);
    }
    const poller = createPoller(database.url, { yaml });
    const { providers } = await observeTokenList(
      poller.database,
      poller.config.providers,
      Date.now,
    );
    const { complete } = await poller.poll();
    await poller.close();
    expect(complete).toBe(true);
    const listed = providers[0]?.tokens;
    if (listed?.known !== true) throw new Error('the tokens could not be read');
    return [...listed.value]
      .sort((a, b) => Number(a.id) - Number(b.id))
      .map(({ expiresAtMs }) => expiresAtMs);
  }

  it.each([
    ['timestamptz', '2025-11-28T09:00:00.123456+01', atMs],
    ['timestamptz(3)', '2025-11-28T08:00:00.123Z', atMs],
    ['timestamptz(0)', '2025-11-28T08:00:00.123Z', secondMs],
    ['timestamp', '2025-11-28T08:00:00.123456', atMs],
    ['timestamp(3)', '2025-11-28T08:00:00.123', atMs],
    ['bigint', '1764316800', secondMs],
    ['bigint', '1764316800123', atMs],
    ['integer', '1764316800', secondMs],
  ])('kept as %s (%s) is the instant it means', async (type, value, expected) => {
    expect(await expiriesOf(type, [value, null])).toEqual([expected, null]);
  });

  it('kept as an epoch is in seconds up to the year 5138, then in milliseconds', async () => {
    expect(await expiriesOf('bigint', ['100000000000', '100000000001'])).toEqual([
      100_000_000_000_000, 100_000_000_001,
    ]);
  });

  it('that is absurd does not fail the others', async () => {
    const [far, past, ...fine] = await expiriesOf('bigint', [
      '9223372036854775807',
      '-9223372036854775808',
      '0',
      '1764316800',
    ]);
    expect(far).toBeGreaterThan(Date.UTC(9999, 0));
    expect(past).toBeLessThan(0);
    expect(fine).toEqual([0, secondMs]);
  });

  it('may be infinite either way', async () => {
    expect(await expiriesOf('timestamptz', ['infinity', '-infinity'])).toEqual([
      Infinity,
      -Infinity,
    ]);
    expect(await expiriesOf('timestamp', ['infinity', '-infinity'])).toEqual([Infinity, -Infinity]);
  });
});

describe('an expiry of a type that holds no instant', () => {
  it.each(['date', 'time', 'text', 'numeric', 'interval', 'jsonb'])(
    'has drifted: %s',
    async (type) => {
      const database = await createDatabase(testServer17);
      await database.query(`CREATE TABLE tokens (id int, expires_at ${type})`);
      const poller = createPoller(database.url, { yaml });
      await poller.poll();
      expect(poller.source('app:tokens')).toMatchObject({ state: 'drifted', up: false });
      await poller.close();
      await database.drop();
    },
  );
});
