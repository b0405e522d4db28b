import { sqlStateOf } from '../database/sql-state.js';
import { unknown } from './reading.js';
import type { Unknown } from './reading.js';

/** What a statement that failed behind its SAVEPOINT makes of a reading. */
export function statementFailed(error: Error): Unknown {
  const code = sqlStateOf(error);
  return unknown(
    'failed',
    `the statement failed: ${error.message}${code === null ? '' : ` (${code})`}`,
    code === '57014' || code === '55P03'
      ? 'look for locks on the table and long statements in pg_stat_activity'
      : "run doctor; compare the table with the provider's mapping",
  );
}
