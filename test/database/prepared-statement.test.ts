import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Pool } from 'pg';
import { openPool } from '../../src/database/open-pool.js';
import { prepared } from '../../src/database/prepared-statement.js';
import { writeStatement, writeTransaction } from '../../src/database/write-transaction.js';
import { describeWith } from '../support/describe-with.js';
import { startPgbouncer } from '../support/pgbouncer.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await createDatabase(testServer17);
  await database.query(
    "CREATE TABLE token (id int, secret text); INSERT INTO token VALUES (1, 'a')",
  );
  pool = open(database.url, 1);
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

function open(connectionString: string, max: number): Pool {
  return openPool(
    { connectionString },
    { connectTimeoutMs: 5_000, onIdleError: () => undefined, max },
  );
}

const secretOf = prepared('SELECT secret FROM token WHERE id = $1');
const listPrepared = prepared(
  'SELECT name, statement AS text, generic_plans::int FROM pg_prepared_statements',
);
const backend = prepared('SELECT pg_backend_pid() AS pid');

async function pidOf(of: Pool): Promise<number | undefined> {
  return (await writeStatement<{ pid: number }>(of, backend, []))[0]?.pid;
}

it('is parsed once by a connection that goes straight to the server, and planned each time', async () => {
  // After five Postgres would keep a plan, that of a table which may have grown since.
  for (let run = 0; run < 8; run += 1) {
    expect(await writeStatement(pool, secretOf, [1])).toEqual([{ secret: 'a' }]);
  }
  const kept = await writeStatement(pool, listPrepared, []);
  expect(kept).toContainEqual({ ...secretOf, generic_plans: 0 });
});

it('runs among the other statements of a transaction', async () => {
  const seen = await writeTransaction(pool, async (query, run) => {
    await query("UPDATE token SET secret = 'b'");
    const rows = await run<{ secret: string }>(secretOf, [1]);
    await query("UPDATE token SET secret = 'a'");
    return rows;
  });
  expect(seen).toEqual([{ secret: 'b' }]);
});

it('has another name when its text is another', () => {
  expect(prepared('SELECT 1').name).toBe(prepared('SELECT 1').name);
  expect(prepared('SELECT 1').name).not.toBe(prepared('SELECT 2').name);
});

it.each([
  ['a statement of its own', () => writeStatement(pool, secretOf, [1])],
  ['a transaction', () => writeTransaction(pool, (_query, run) => run(secretOf, [1]))],
])('gives up a connection on which it is outdated, in %s', async (_name, read) => {
  await read();
  const before = await pidOf(pool);
  await database.query('ALTER TABLE token ALTER secret TYPE varchar USING secret::varchar');
  await expect(read()).rejects.toMatchObject({ code: '0A000' });
  expect(await read()).toEqual([{ secret: 'a' }]);
  expect(await pidOf(pool)).not.toBe(before);
  await database.query('ALTER TABLE token ALTER secret TYPE text');
  await expect(read()).rejects.toMatchObject({ code: '0A000' });
});

describeWith('pgbouncer', 'through pgbouncer in transaction mode', () => {
  it('is sent whole each time, since every transaction may meet another server process', async () => {
    const pooler = await startPgbouncer(testServer17);
    const pooled = open(pooler.through(database.url), 8);
    const runs = Array.from({ length: 60 }, () =>
      Promise.all([writeStatement(pooled, secretOf, [1]), pidOf(pooled)]),
    );
    const results = await Promise.all(runs);
    for (const [rows] of results) expect(rows).toEqual([{ secret: 'a' }]);
    expect(new Set(results.map(([, pid]) => pid)).size).toBeGreaterThan(1);
    expect(await writeStatement(pooled, listPrepared, [])).toEqual([]);
    await pooled.end();
    await pooler.stop();
  });
});
