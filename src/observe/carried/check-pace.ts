/** How much of a table a poll compares. */
export interface CheckPace {
  /** Rows of the first slice, until it is known how long so many take. */
  readonly firstRows: number;
  /** Rows of a range, which are read where one of them is another: few cost each range a search. */
  readonly rangeRows: number;
  /** So many rows are read again in a poll, of ranges that are not as they are carried. */
  readonly mostRead: number;
  /** A range can't be smaller than what expires at one instant; with more rows it is none to read. */
  readonly mostAlike: number;
  /** How many rows come next, after so many took the database so long. */
  readonly next: (rows: number, tookMs: number) => number;
}

/** What a slice may take of the database. */
const aimMs = 50;
const fewest = 5_000;
const most = 1_000_000;

/** Half of the way to the aim, so that one slow slice does not make the next ones small. */
export function rowsIn50Ms(rows: number, tookMs: number): number {
  const wanted = (rows * aimMs) / Math.max(tookMs, 1);
  return Math.round(Math.min(most, Math.max(fewest, (rows + wanted) / 2)));
}

export const defaultPace: CheckPace = {
  firstRows: 30_000,
  rangeRows: 1_000,
  mostRead: 30_000,
  mostAlike: 200_000,
  next: rowsIn50Ms,
};
