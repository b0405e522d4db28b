import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pool } from 'pg';
import { openPool } from '../../src/database/open-pool.js';
import { prepared } from '../../src/database/prepared-statement.js';
import { writeStatement, writeTransaction } from '../../src/database/write-transaction.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { startTcpProxy } from './tcp-proxy.js';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createDatabase(testServer17);
  await database.query(
    'CREATE TABLE kept (n int, UNIQUE (n) DEFERRABLE INITIALLY DEFERRED); INSERT INTO kept VALUES (1)',
  );
  // One connection, so that what one call leaves on it is met by the next.
  pool = open(database.url);
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

function open(connectionString: string): Pool {
  return openPool(
    { connectionString },
    { connectTimeoutMs: 5_000, onIdleError: () => undefined, max: 1 },
  );
}

const kept = async () =>
  (await database.query<{ n: number }>('SELECT n FROM kept ORDER BY n')).map(({ n }) => n);
const insert = prepared('INSERT INTO kept VALUES ($1)');
const backend = async () =>
  (await writeStatement<{ pid: number }>(pool, prepared('SELECT pg_backend_pid() AS pid'), []))[0]
    ?.pid;

describe('a statement in a transaction of its own', () => {
  it('is committed, under the limits that a pooler may not keep', async () => {
    const rows = await writeStatement<{ n: number; limits: string }>(
      pool,
      prepared(
        `INSERT INTO kept VALUES ($1)
         RETURNING n, current_setting('lock_timeout') || current_setting('statement_timeout')
                        || current_setting('TimeZone') AS limits`,
      ),
      [2],
    );
    expect(rows).toEqual([{ n: 2, limits: '5s10sUTC' }]);
    expect(await kept()).toEqual([1, 2]);
    const after = await pool.query<{ limit: string }>(`SHOW lock_timeout`);
    expect(after.rows).toEqual([{ lock_timeout: '0' }]);
  });

  it('that fails says why, and the connection goes on', async () => {
    const before = await backend();
    await expect(writeStatement(pool, prepared('SELECT 1 / $1::int'), [0])).rejects.toMatchObject({
      code: '22012',
    });
    expect(await backend()).toBe(before);
  });

  it('that can not be committed says so, and is not', async () => {
    const inserting = writeStatement(pool, insert, [1]);
    await expect(inserting).rejects.toMatchObject({ code: '23505' });
    expect((await kept()).filter((n) => n === 1)).toEqual([1]);
    expect(await backend()).toBeTypeOf('number');
  });
});

describe('a transaction', () => {
  it('that fails is rolled back, and the connection goes on', async () => {
    const before = await backend();
    const failing = writeTransaction(pool, async (query) => {
      await query('INSERT INTO kept VALUES (3)');
      await query('SELECT 1 / 0');
    });
    await expect(failing).rejects.toMatchObject({ code: '22012' });
    expect(await kept()).not.toContain(3);
    expect(await backend()).toBe(before);
  });

  it('gives a connection up that went silent, and closes it', async () => {
    const proxy = await startTcpProxy(Number(new URL(database.url).port));
    const url = new URL(database.url);
    url.port = String(proxy.port);
    const silent = open(url.href);
    await writeStatement(silent, prepared('SELECT 1'), []);
    const removed = new Promise((resolve) => silent.once('remove', resolve));
    proxy.fallSilent();
    const waiting = writeTransaction(silent, (query) => query('SELECT 1'), 50);
    await expect(waiting).rejects.toThrow('no answer from the database within 0.05 s');
    await removed;
    await silent.end();
    await proxy.stop();
  });
});
