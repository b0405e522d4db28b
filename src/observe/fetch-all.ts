import type { QueryResultRow } from 'pg';
import type { Query } from '../database/read-snapshot.js';

/** Rows that are read at a time. */
export const fetchSize = 2_000;

/**
 * Reads all rows of a SELECT through a cursor, a slice at a time, so that a large table neither
 * blocks the event loop nor is held twice in memory. Must run inside a transaction.
 */
export async function fetchAll<Row>(
  query: Query,
  select: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  await query(`DECLARE fetch_all NO SCROLL CURSOR FOR ${select}`, values);
  const all: Row[] = [];
  for (;;) {
    const rows = await query<Row & QueryResultRow>(`FETCH ${String(fetchSize)} FROM fetch_all`);
    all.push(...rows);
    if (rows.length < fetchSize) break;
  }
  await query('CLOSE fetch_all');
  return all;
}
