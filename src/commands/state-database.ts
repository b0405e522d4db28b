import { once } from 'node:events';
import type { Pool } from 'pg';
import { DatabaseError, explainDatabaseError } from '../database/explain-database-error.js';
import type { Databases } from '../database/databases.js';
import type { Query } from '../database/read-snapshot.js';
import { sqlStateOf } from '../database/sql-state.js';
import { writeTransaction } from '../database/write-transaction.js';
import { openStatePool } from '../store/open-state-pool.js';
import { withDatabase } from './command-context.js';
import type { ReadyToConnect } from './command-context.js';

/** Where the exporter's memory is, for a command. */
export interface StateDatabase {
  readonly pool: Pool;
  /** One committed transaction. Throws `DatabaseError`, with what Postgres said as its cause. */
  readonly run: <T>(work: (query: Query) => Promise<T>) => Promise<T>;
}

/** Runs `work` with the memory, and closes it. Ctrl-C ends it, whatever the database does. */
export async function withState<T>(
  { connections }: ReadyToConnect,
  terminated: AbortSignal,
  work: (state: StateDatabase) => Promise<T>,
): Promise<T> {
  const { pool, target } = openStatePool(connections, () => undefined);
  const run: StateDatabase['run'] = async (transaction) => {
    try {
      return await writeTransaction(pool, transaction);
    } catch (error) {
      throw new DatabaseError(explainDatabaseError(error, target), { cause: error });
    }
  };
  try {
    return await Promise.race([
      work({ pool, run }),
      once(terminated, 'abort').then(() => {
        throw new Error('interrupted');
      }),
    ]);
  } finally {
    const closed = pool.end();
    if (!terminated.aborted) await closed;
  }
}

/** Runs `work` with the application's databases and the memory. */
export function withDatabases<T>(
  ready: ReadyToConnect,
  terminated: AbortSignal,
  work: (databases: Databases, state: StateDatabase) => Promise<T>,
): Promise<T> {
  return withDatabase(ready, terminated, (databases) =>
    withState(ready, terminated, (state) => work(databases, state)),
  );
}

/** Whether a failure says that the memory has no tables yet, or that this role may not use it. */
export function missesMemory(error: unknown): 'absent' | 'denied' | null {
  const cause = error instanceof DatabaseError ? error.cause : error;
  const code = sqlStateOf(cause);
  if (code === '3F000' || code === '42P01') return 'absent';
  return code === '42501' ? 'denied' : null;
}

/** What to do about a memory that is missing. */
export const memoryRemedies = {
  absent: 'the exporter has no memory yet: start serve, or run migrate',
  denied: 'this role may not use the schema oauth_token_exporter: use the role of serve',
} as const;
