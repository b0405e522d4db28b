import type { Query } from '../../database/read-snapshot.js';

/**
 * Has what `read` asks for planned by an index alone, in the order that it has.
 *
 * The planner takes a slice of a table for more than it is, and one wrong guess would read or sort
 * all of it. What is compiled or divided among workers costs more than the slice.
 */
export async function byIndex<T>(query: Query, read: () => Promise<T>): Promise<T> {
  await query(`SAVEPOINT planned; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off;
               SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0`);
  const value = await read();
  await query('ROLLBACK TO SAVEPOINT planned; RELEASE SAVEPOINT planned');
  return value;
}
