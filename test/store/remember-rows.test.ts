import { afterAll, beforeAll, expect, it } from 'vitest';
import { findTokenChanges } from '../../src/assess/token-changes.js';
import { openPool } from '../../src/database/open-pool.js';
import type { CarriedMemory } from '../../src/store/carried-memory.js';
import { migrate } from '../../src/store/migrate.js';
import { rememberRows } from '../../src/store/remember-rows.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';

let database: TestDatabase;
let pool: ReturnType<typeof openPool>;

beforeAll(async () => {
  database = await createDatabase(testServer17);
  pool = openPool(
    { connectionString: database.url },
    { connectTimeoutMs: 5_000, onIdleError: () => undefined },
  );
  await migrate(pool);
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

it('takes over what a poll has no room for with the next polls, each change once', async () => {
  const startMs = Date.parse('2025-11-28T12:00:00Z');
  const rows = ['a', 'b', 'c', 'd', 'e'].map((id) => ({
    id,
    subject: null,
    active: true,
    expiresAtMs: startMs + 3_600_000,
  }));
  let carried: CarriedMemory | null = null;
  let polls = 0;
  const poll = async (seen: typeof rows) => {
    const now = new Date(startMs + polls * 30_000);
    polls += 1;
    const { memory, events } = await rememberRows(
      pool,
      'app',
      now,
      (before) => findTokenChanges(before, seen, now),
      carried,
      2,
    );
    carried = memory;
    return events;
  };
  expect(await poll(rows)).toEqual(['first_seen', 'first_seen']);
  expect(await poll(rows)).toEqual(['first_seen', 'first_seen']);
  // The fifth row is gone before it was taken over; another has moved.
  const [a, ...others] = rows.slice(0, 4).map((row) => ({ ...row }));
  const moved = [{ ...a!, expiresAtMs: startMs + 7_200_000 }, ...others];
  expect(await poll(moved)).toEqual(['foreign_refresh']);
  expect(await poll(moved.slice(0, 1))).toEqual(['disappeared', 'disappeared']);
  expect(await poll(moved.slice(0, 1))).toEqual(['disappeared']);
  expect(await poll(moved.slice(0, 1))).toEqual([]);
  const ledger = await database.query<{ token: string }>(
    `SELECT token_id || ' ' || event AS token FROM oauth_token_exporter.ledger ORDER BY at, id`,
  );
  expect(ledger.map(({ token }) => token)).toEqual([
    'a first_seen',
    'b first_seen',
    'c first_seen',
    'd first_seen',
    'a foreign_refresh',
    'b disappeared',
    'c disappeared',
    'd disappeared',
  ]);
});

it('takes thousands over into a table that was never analysed, again and again', async () => {
  await database.query('ALTER TABLE oauth_token_exporter.tokens SET (autovacuum_enabled = off)');
  const now = new Date('2025-11-28T12:00:00Z');
  let carried: CarriedMemory | null = null;
  for (const until of [20_000, 40_000, 60_000]) {
    const rows = Array.from({ length: until }, (_, index) => ({
      id: `token ${String(index)}`,
      subject: null,
      active: true,
      expiresAtMs: null,
    }));
    const { memory } = await rememberRows(
      pool,
      'many',
      now,
      (before) => findTokenChanges(before, rows, now),
      carried,
    );
    carried = memory;
    expect(memory.tokens.size).toBe(until);
  }
});

it('takes nothing back by an older snapshot than that of another replica', async () => {
  const startMs = Date.parse('2025-11-28T12:00:00Z');
  const poll = async (seconds: number, active: boolean) => {
    const now = new Date(startMs + seconds * 1000);
    const seen = [{ id: 't', subject: null, active, expiresAtMs: null }];
    const { events } = await rememberRows(pool, 'replicas', now, (before) =>
      findTokenChanges(before, seen, now),
    );
    return events;
  };
  expect(await poll(0, true)).toEqual(['first_seen']);
  expect(await poll(11, false)).toEqual(['deactivated']);
  expect(await poll(10, true)).toEqual([]);
  expect(await poll(12, false)).toEqual([]);
  expect(await poll(13, true)).toEqual(['reactivated']);
});
