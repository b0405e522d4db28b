import type { Query } from '../database/read-snapshot.js';
import { readExpiryCounts } from './expiry-counts.js';
import type { CountedExpiries } from './expiry-counts.js';
import type { CarriedTokens } from './carried/token-carriers.js';
import { readMostUrgent } from './most-urgent.js';
import { hiddenRows } from './readable-table.js';
import { known } from './reading.js';
import type { Reading } from './reading.js';
import { readTokenRows } from './token-rows.js';
import type { TokenRow } from './token-rows.js';
import type { TokenSource } from './token-source.js';

/** What one poll reads of a provider's tokens: complete counts, and the most urgent rows. */
export interface TokenObservation extends CountedExpiries {
  /** Active before inactive, then the soonest expiry first. */
  readonly mostUrgent: readonly ObservedToken[];
  /** Every row, where it is remembered; null where the exporter has no memory. */
  readonly rows: readonly TokenRow[] | null;
}

export interface ObservedToken {
  readonly id: string;
  readonly active: boolean;
  /**
   * Epoch milliseconds, rounded down; null where none is recorded, ±Infinity for Postgres'
   * infinity. A number and not a Date: a hundred thousand of them are read in one poll.
   */
  readonly expiresAtMs: number | null;
}

/** Counts a provider's tokens by expiry and reads the `limit` most urgent ones. */
export async function readTokens(
  query: Query,
  source: TokenSource,
  role: string,
  options: {
    readonly now: Date;
    readonly expiringSoonMs: number;
    readonly limit: number;
    readonly everyRow: boolean;
    /** What is known of a large table; null: read it in full. */
    readonly carried: CarriedTokens | null;
  },
): Promise<Reading<TokenObservation>> {
  const { now, expiringSoonMs, carried } = options;
  const counts = carried?.counts ?? (await readExpiryCounts(query, source, now, expiringSoonMs));
  if (counts.active.total + counts.inactive.total === 0 && source.mayHideRows) {
    return hiddenRows(source.table, role);
  }

  const mostUrgent = await readMostUrgent(query, source, options.limit);
  return known({
    ...counts,
    mostUrgent,
    rows: options.everyRow ? (carried?.rows ?? (await readTokenRows(query, source))) : null,
  });
}
