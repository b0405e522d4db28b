import type { Client, Pool, PoolClient, QueryConfig, QueryResultRow } from 'pg';
import { isOutdated, keepsPrepared, toRun } from './prepared-statement.js';
import type { PreparedStatement } from './prepared-statement.js';
import type { Query } from './read-snapshot.js';

/** Runs a statement that is run again and again. */
export type Run = <Row extends QueryResultRow>(
  statement: PreparedStatement,
  values: readonly unknown[],
) => Promise<Row[]>;

/** Longest that one statement of a write may take, and wait for a lock. */
const statementTimeoutMs = 10_000;
const lockTimeoutMs = 5_000;
/** Longest that all of it may take, on this side: a connection that went silent says nothing. */
export const longestWriteMs = 30_000;

const beginSql = `BEGIN; SET LOCAL statement_timeout = ${String(statementTimeoutMs)};
  SET LOCAL lock_timeout = ${String(lockTimeoutMs)}; SET LOCAL TimeZone = 'UTC'`;
/** A plan that is kept would be the one of a table that has grown since, until it is analysed. */
const beginPreparedSql = `${beginSql}; SET LOCAL plan_cache_mode = force_custom_plan`;

/**
 * Runs `work` in one READ COMMITTED transaction and commits it; rolls back when `work` throws.
 *
 * Short by design: nothing outside the database is awaited in it. Settings are LOCAL, as a pooler
 * in transaction mode needs. Throws what Postgres or the connection said; a connection that
 * failed or went silent is not used again, and whether it committed is then unknown.
 */
export async function writeTransaction<T>(
  pool: Pool,
  work: (query: Query, run: Run) => Promise<T>,
  deadlineMs = longestWriteMs,
): Promise<T> {
  return withClient(pool, deadlineMs, async ({ client, isKept, onEnded }) => {
    // Sent with the first statement: that one fails in a transaction which could not begin.
    const begun = client.query(isKept ? beginPreparedSql : beginSql);
    const send = async <Row extends QueryResultRow>(statement: QueryConfig) =>
      (await Promise.all([client.query<Row>(statement), begun]))[0].rows;
    const query: Query = (text, values = []) => send({ text, values: [...values] });
    const run: Run = (statement, values) => send(toRun(statement, values, isKept));
    try {
      const [result] = await Promise.all([work(query, run), begun]);
      await client.query('COMMIT');
      onEnded();
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      if (!isOutdated(error)) onEnded();
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
  statement: PreparedStatement,
  values: readonly unknown[],
): Promise<Row[]> {
  return withClient(pool, longestWriteMs, async ({ client, isKept, onEnded }) => {
    const sent = inOnePiece(
      client,
      () =>
        [
          client.query(isKept ? beginPreparedSql : beginSql),
          client.query<Row>(toRun(statement, values, isKept)),
          client.query('COMMIT'),
        ] as const,
    );
    // After a statement that failed the COMMIT rolls back.
    const [, answer, ended] = await Promise.allSettled(sent);
    const outdated = answer.status === 'rejected' && isOutdated(answer.reason);
    if (ended.status === 'fulfilled' && !outdated) onEnded();
    const [, { rows }] = await Promise.all(sent);
    return rows;
  });
}

interface Working {
  readonly client: PoolClient;
  /** What is prepared on the connection is there the next time. */
  readonly isKept: boolean;
  /** The connection may be used again. */
  readonly onEnded: () => void;
}

async function withClient<T>(
  pool: Pool,
  deadlineMs: number,
  work: (working: Working) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let deadline: NodeJS.Timeout | undefined;
  let reusable = false;
  const worked = async (): Promise<T> => {
    const isKept = await keepsPrepared(client);
    pipeline(client, true);
    const onEnded = () => {
      reusable = true;
    };
    return work({ client, isKept, onEnded });
  };
  try {
    return await Promise.race([
      worked(),
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
