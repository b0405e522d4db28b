import type { Query } from '../../database/read-snapshot.js';
import { withSettings } from '../with-settings.js';

/**
 * Has what `read` asks for planned by an index alone, in the order that it has.
 *
 * The planner takes a slice of a table for more than it is, and one wrong guess would read or sort
 * all of it. What is compiled or divided among workers costs more than the slice.
 */
export function byIndex<T>(query: Query, read: () => Promise<T>): Promise<T> {
  const settings = [
    'enable_seqscan = off',
    'enable_sort = off',
    'jit = off',
    'max_parallel_workers_per_gather = 0',
  ];
  return withSettings(query, settings, read);
}
