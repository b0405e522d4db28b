import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, PoolClient, QueryResultRow } from 'pg';
import type { Query } from './read-snapshot.js';

/** Longest that one statement of a write may take, and wait for a lock. */
const statementTimeoutMs = 10_000;
const lockTimeoutMs = 5_000;
/** Longest that all of it may take, on this side: a connection that went silent says nothing. */
const longestMs = 30_000;

/**
 * Runs `work` in one READ COMMITTED transaction and commits it; rolls back when `work` throws.
 *
 * Short by design: nothing outside the database is awaited in it. Settings are LOCAL, as a pooler
 * in transaction mode needs. Throws what Postgres or the connection said; a connection that
 * failed or went silent is not used again, and whether it committed is then unknown.
 */
export async function writeTransaction<T>(
  pool: Pool,
  work: (query: Query) => Promise<T>,
  deadlineMs = longestMs,
): Promise<T> {
  const client = await pool.connect();
  const deadline = new AbortController();
  let reusable = false;
  try {
    return await Promise.race([
      inTransaction(client, work, () => {
        reusable = true;
      }),
      delay(deadlineMs, undefined, { signal: deadline.signal }).then(() => {
        throw new Error(`no answer from the database within ${String(deadlineMs / 1000)} s`);
      }),
    ]);
  } finally {
    deadline.abort();
    client.release(!reusable);
  }
}

async function inTransaction<T>(
  client: PoolClient,
  work: (query: Query) => Promise<T>,
  onEnded: () => void,
): Promise<T> {
  await client.query(
    `BEGIN; SET LOCAL statement_timeout = ${String(statementTimeoutMs)};
     SET LOCAL lock_timeout = ${String(lockTimeoutMs)}; SET LOCAL TimeZone = 'UTC'`,
  );
  const query: Query = async <Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
  ) => (await client.query<Row>(text, [...values])).rows;
  try {
    const result = await work(query);
    await client.query('COMMIT');
    onEnded();
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    onEnded();
    throw error;
  }
}
