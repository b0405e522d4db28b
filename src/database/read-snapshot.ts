import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, PoolClient, QueryResultRow } from 'pg';
import type { DatabaseTarget } from './connection-options.js';
import { DatabaseError, explainDatabaseError } from './explain-database-error.js';

/** Runs one unnamed, parameterised statement and returns its rows. */
export type Query = <Row extends QueryResultRow>(
  text: string,
  values?: readonly unknown[],
) => Promise<Row[]>;

export interface Snapshot {
  readonly query: Query;
  /**
   * Runs `read` behind a SAVEPOINT: when it fails, the other reads of the transaction go on. Each
   * of its statements gets a third of the time that is left, so that they still have some.
   */
  readonly isolated: <T>(read: () => Promise<T>) => Promise<Isolated<T>>;
}

/** `error`: the statement failed, the connection lives. */
export type Isolated<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Error };

/** How a database is read: from where, over what, and how long one snapshot may take. */
export interface SnapshotSource {
  readonly pool: Pool;
  readonly target: DatabaseTarget;
  readonly timeoutMs: number;
}

/**
 * Runs `read` in one REPEATABLE READ READ ONLY transaction, so that all it sees is of one instant.
 *
 * Every setting is LOCAL, which a pooler in transaction mode needs. The whole snapshot has one
 * deadline, kept on this side too: a server that hangs can't be asked to cancel. Throws
 * `DatabaseError` when the database can't be used; a connection that failed is never reused.
 */
export async function readSnapshot<T>(
  { pool, target, timeoutMs }: SnapshotSource,
  read: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  let client: PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw new DatabaseError(explainDatabaseError(error, target), { cause: error });
  }

  const deadline = new AbortController();
  let healthy = false;
  try {
    const result = await Promise.race([
      inTransaction(client, timeoutMs, read),
      delay(timeoutMs + 500, undefined, { signal: deadline.signal }).then(() => {
        throw new Error('timeout of the whole snapshot');
      }),
    ]);
    healthy = true;
    return result;
  } catch (error) {
    throw new DatabaseError(explainDatabaseError(error, target), { cause: error });
  } finally {
    deadline.abort();
    client.release(!healthy);
  }
}

async function inTransaction<T>(
  client: PoolClient,
  timeoutMs: number,
  read: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const endsAtMs = performance.now() + timeoutMs;
  await client.query(
    `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
     ${limitStatements(timeoutMs)};
     SET LOCAL idle_in_transaction_session_timeout = ${String(Math.ceil(timeoutMs * 2))};
     SET LOCAL TimeZone = 'UTC'`,
  );
  const query: Query = async <Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
  ) => (await client.query<Row>(text, [...values])).rows;

  const isolated = async <U>(work: () => Promise<U>): Promise<Isolated<U>> => {
    await query(`SAVEPOINT source; ${limitStatements((endsAtMs - performance.now()) / 3)}`);
    try {
      const value = await work();
      await query('RELEASE SAVEPOINT source');
      return { ok: true, value };
    } catch (error) {
      // Without a connection this throws too, and the whole snapshot fails as it should.
      await query('ROLLBACK TO SAVEPOINT source');
      return { ok: false, error: error instanceof Error ? error : new Error(String(error)) };
    }
  };

  const result = await read({ query, isolated });
  await query('COMMIT');
  return result;
}

/** A statement that waits for a lock gives up sooner than one that works. */
function limitStatements(timeoutMs: number): string {
  const statementMs = Math.max(1, Math.ceil(timeoutMs));
  return (
    `SET LOCAL statement_timeout = ${String(statementMs)}; ` +
    `SET LOCAL lock_timeout = ${String(Math.ceil(statementMs / 2))}`
  );
}
