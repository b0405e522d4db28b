import type { Client, Pool, PoolClient, QueryResultRow } from 'pg';
import type { Query } from './read-snapshot.js';

/** Longest that one statement of a write may take, and wait for a lock. */
const statementTimeoutMs = 10_000;
const lockTimeoutMs = 5_000;
/** Longest that all of it may take, on this side: a connection that went silent says nothing. */
const longestMs = 30_000;

const beginSql = `BEGIN; SET LOCAL statement_timeout = ${String(statementTimeoutMs)};
  SET LOCAL lock_timeout = ${String(lockTimeoutMs)}; SET LOCAL TimeZone = 'UTC'`;

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
  return withClient(pool, deadlineMs, async (client, onEnded) => {
    // Sent with the first statement: that one fails in a transaction which could not begin.
    const begun = client.query(beginSql);
    const query: Query = async <Row extends QueryResultRow>(
      text: string,
      values: readonly unknown[] = [],
    ) => (await Promise.all([client.query<Row>(text, [...values]), begun]))[0].rows;
    try {
      const [result] = await Promise.all([work(query), begun]);
      await client.query('COMMIT');
      onEnded();
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      onEnded();
      throw error;
    }
  });
}

/**
 * Runs one statement as `writeTransaction` would, with its beginning and its end sent along: one
 * round trip instead of three.
 */
export async function writeStatement<Row extends QueryResultRow>(
  pool: Pool,
  text: string,
  values: readonly unknown[],
): Promise<Row[]> {
  return withClient(pool, longestMs, async (client, onEnded) => {
    const sent = inOnePiece(
      client,
      () =>
        [
          client.query(beginSql),
          client.query<Row>(text, [...values]),
          client.query('COMMIT'),
        ] as const,
    );
    // After a statement that failed the COMMIT rolls back.
    const [, , ended] = await Promise.allSettled(sent);
    if (ended.status === 'fulfilled') onEnded();
    const [, { rows }] = await Promise.all(sent);
    return rows;
  });
}

async function withClient<T>(
  pool: Pool,
  deadlineMs: number,
  work: (client: PoolClient, onEnded: () => void) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let deadline: NodeJS.Timeout | undefined;
  let reusable = false;
  try {
    pipeline(client, true);
    return await Promise.race([
      work(client, () => {
        reusable = true;
      }),
      new Promise<never>((_, reject) => {
        deadline = setTimeout(() => {
          reject(new Error(`no answer from the database within ${String(deadlineMs / 1000)} s`));
        }, deadlineMs);
      }),
    ]);
  } finally {
    clearTimeout(deadline);
    // The end of a pipelined connection would wait for what a silent one owes us.
    pipeline(client, false);
    client.release(!reusable);
  }
}

/** Whether statements are sent without waiting for the answers to those before them. */
function pipeline(client: PoolClient, isOn: boolean): void {
  Object.assign(client, { pipeline: isOn });
}

/** What is sent meanwhile leaves together: each piece would wake the server for itself. */
function inOnePiece<T>(client: PoolClient, send: () => T): T {
  const { stream } = (client as PoolClient & Pick<Client, 'connection'>).connection;
  stream.cork();
  try {
    return send();
  } finally {
    stream.uncork();
  }
}
