import type { QueryResultRow } from 'pg';
import type { Query } from './read-snapshot.js';

/** Rows that are read at a time. */
export const fetchedRows = 2_000;

/**
 * Hands the rows of a SELECT to `take`, a slice at a time, so that neither a large table nor a
 * long delay is in memory at once, until there are no more or `isEnough` says so. Answers with how
 * many were taken, the last, and whether they were all. Must run inside a transaction.
 */
export async function readSlices<Row>(
  query: Query,
  select: string,
  values: readonly unknown[],
  take: (rows: readonly Row[]) => Promise<void> | void,
  isEnough: () => boolean = () => false,
): Promise<{ readonly count: number; readonly last: Row | null; readonly all: boolean }> {
  await query(`DECLARE slices NO SCROLL CURSOR FOR ${select}`, values);
  let count = 0;
  let last: Row | null = null;
  let all = false;
  do {
    const rows = await query<Row & QueryResultRow>(`FETCH ${String(fetchedRows)} FROM slices`);
    await take(rows);
    count += rows.length;
    last = rows.at(-1) ?? last;
    all = rows.length < fetchedRows;
  } while (!all && !isEnough());
  await query('CLOSE slices');
  return { count, last, all };
}
