import { readSlices } from '../database/read-slices.js';
import type { Query } from '../database/read-snapshot.js';

/**
 * Reads all rows of a SELECT through a cursor, a slice at a time, so that a large table neither
 * blocks the event loop nor is held twice in memory. Must run inside a transaction.
 */
export async function fetchAll<Row>(
  query: Query,
  select: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const all: Row[] = [];
  await readSlices<Row>(query, select, values, (rows) => {
    all.push(...rows);
  });
  return all;
}
