import { readSlices } from '../database/read-slices.js';
import type { Query } from '../database/read-snapshot.js';
import type { KeptRows } from './carried/kept-rows.js';

/**
 * Reads all rows of a SELECT through a cursor, a slice at a time, so that a large table neither
 * blocks the event loop nor is held twice in memory. Must run inside a transaction. What did not
 * change is taken from `kept`.
 */
export async function fetchAll<Row>(
  query: Query,
  select: string,
  values: readonly unknown[] = [],
  kept: KeptRows<Row> | null = null,
): Promise<Row[]> {
  const all: Row[] = [];
  const { count } = await readSlices<Row>(query, select, values, (rows) => {
    all.push(...(kept?.keep(rows) ?? rows));
  });
  kept?.endReading(count);
  return all;
}
