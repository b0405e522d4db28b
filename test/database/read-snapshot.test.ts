import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { planConnection } from '../../src/database/connection-options.js';
import { mainDatabase } from './main-database.js';
import { DatabaseError } from '../../src/database/explain-database-error.js';
import { openPool } from '../../src/database/open-pool.js';
import {
  readSnapshot,
  type Snapshot,
  type SnapshotSource,
} from '../../src/database/read-snapshot.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';

const timeoutMs = 1_500;

let database: TestDatabase;
let pool: Pool;
let source: SnapshotSource;
beforeAll(async () => {
  database = await createDatabase(testServer17);
  await database.query('CREATE TABLE numbers (n int)');
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.query('TRUNCATE numbers; INSERT INTO numbers VALUES (1)');
  const plan = planConnection({ ...mainDatabase, url: database.url, ca: null });
  if (!plan.ok) throw new Error(plan.problem);
  pool = openPool(plan.client, { connectTimeoutMs: 2_000, onIdleError: () => undefined });
  source = { pool, target: plan.target, timeoutMs };
});
afterEach(() => pool.end());

const backend = async ({ query }: Snapshot) =>
  (await query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]?.pid;
const sum = async ({ query }: Snapshot) =>
  (await query<{ sum: number }>('SELECT sum(n)::int FROM numbers'))[0]?.sum;

describe('a snapshot', () => {
  it('sees one instant, whatever is committed meanwhile', async () => {
    const seen = await readSnapshot(source, async (snapshot) => {
      const first = await sum(snapshot);
      await database.query('INSERT INTO numbers VALUES (10)');
      return [first, await sum(snapshot)];
    });
    expect(seen).toEqual([1, 1]);
    expect(await readSnapshot(source, sum)).toBe(11);
  });

  it('can not write', async () => {
    const outcome = await readSnapshot(source, ({ query, isolated }) =>
      isolated(() => query('INSERT INTO numbers VALUES (2)')),
    );
    expect(outcome).toMatchObject({ ok: false, error: { code: '25006' } });
  });

  it('reuses its connection, and leaves nothing set on it', async () => {
    const settings = ({ query }: Snapshot) =>
      query(
        `SELECT name, setting FROM pg_settings WHERE source = 'session' AND name <> 'application_name'`,
      );
    const first = await readSnapshot(source, backend);
    const second = await readSnapshot(source, backend);
    expect(second).toBe(first);
    expect((await readSnapshot(source, settings)).length).toBeGreaterThan(3);
    const { rows } = await pool.query(
      `SELECT name FROM pg_settings WHERE source = 'session' AND name ~ 'timeout|TimeZone|isolation|read_only'`,
    );
    expect(rows).toEqual([]);
  });

  it('goes on after an isolated read failed, as often as it takes', async () => {
    const seen = await readSnapshot(source, async (snapshot) => {
      const { query, isolated } = snapshot;
      const outcomes = [
        await isolated(() => query('SELECT 1 / 0')),
        await isolated(() => sum(snapshot)),
        await isolated(() => query('SELECT * FROM no_such_table')),
        await isolated(() => Promise.reject(new Error('not of the database'))),
      ];
      return [
        ...outcomes.map((each) => (each.ok ? each.value : each.error.message)),
        await sum(snapshot),
      ];
    });
    expect(seen).toEqual([
      'division by zero',
      1,
      'relation "no_such_table" does not exist',
      'not of the database',
      1,
    ]);
  });

  it('fails when a read that is not isolated fails, and the next one gets another connection', async () => {
    const first = await readSnapshot(source, backend);
    const failing = readSnapshot(source, ({ query }) => query('SELECT 1 / 0'));
    await expect(failing).rejects.toThrow(DatabaseError);
    expect(await readSnapshot(source, backend)).not.toBe(first);
    expect(await readSnapshot(source, sum)).toBe(1);
  });

  it('calls a fault of ours a fault of ours', async () => {
    const failing = readSnapshot(source, () =>
      Promise.reject(new TypeError('x is not a function')),
    );
    await expect(failing).rejects.toMatchObject({
      name: 'DatabaseError',
      failure: {
        reason: 'internal',
        message: 'a fault of the exporter itself: x is not a function',
      },
    });
    expect(await readSnapshot(source, sum)).toBe(1);
  });
});

describe('the time of a snapshot', () => {
  it('ends a statement that takes longer, on the server as well', async () => {
    const failing = readSnapshot(source, ({ query }) => query('SELECT pg_sleep(60)'));
    await expect(failing).rejects.toMatchObject({ failure: { reason: 'timeout' } });
    const running = await database.query(
      `SELECT FROM pg_stat_activity
       WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg_sleep(60)'
         AND pid <> pg_backend_pid()`,
    );
    expect(running).toEqual([]);
  });

  it('ends many statements that are each quick enough', async () => {
    const startedAt = performance.now();
    const failing = readSnapshot(source, async ({ query }) => {
      for (;;) await query('SELECT pg_sleep(0.3)');
    });
    await expect(failing).rejects.toMatchObject({ failure: { reason: 'timeout' } });
    expect(performance.now() - startedAt).toBeLessThan(timeoutMs + 1_500);
    expect(await readSnapshot(source, sum)).toBe(1);
  });

  it('is shared by isolated reads, so that slow ones leave some for the next', async () => {
    const seen = await readSnapshot(source, async (snapshot) => {
      const slow = () => snapshot.isolated(() => snapshot.query('SELECT pg_sleep(60)'));
      return [
        (await slow()).ok,
        (await slow()).ok,
        (await snapshot.isolated(() => sum(snapshot))).ok,
      ];
    });
    expect(seen).toEqual([false, false, true]);
  });

  it('is not spent on a lock', async () => {
    const locking = await pool.connect();
    await locking.query('BEGIN; LOCK TABLE numbers IN ACCESS EXCLUSIVE MODE');
    const [locked, free] = await readSnapshot(source, async (snapshot) => [
      await snapshot.isolated(() => sum(snapshot)),
      await snapshot.isolated(() => snapshot.query('SELECT 1')),
    ]);
    await locking.query('ROLLBACK');
    locking.release();
    expect(locked).toMatchObject({ ok: false, error: { code: '55P03' } });
    expect(free).toMatchObject({ ok: true });
  });
});
