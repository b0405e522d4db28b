import { epochMs, instantParameter } from './instant-sql.js';
import type { Query } from '../database/read-snapshot.js';
import { readMostUrgent } from './most-urgent.js';
import { hiddenRows } from './readable-table.js';
import { known } from './reading.js';
import type { Reading } from './reading.js';
import { readTokenRows } from './token-rows.js';
import type { TokenRow } from './token-rows.js';
import type { TokenSource } from './token-source.js';
import { expiringWithin } from './windows.js';
import type { ExpiringWithin } from './windows.js';

/** What one poll reads of a provider's tokens: complete counts, and the most urgent rows. */
export interface TokenObservation {
  readonly active: ExpiryCounts;
  readonly inactive: ExpiryCounts;
  /** Smallest finite expiry of all rows. */
  readonly earliestExpiresAtMs: number | null;
  /** Active before inactive, then the soonest expiry first. */
  readonly mostUrgent: readonly ObservedToken[];
  /** Every row, where it is remembered; null where the exporter has no memory. */
  readonly rows: readonly TokenRow[] | null;
}

/** A cumulative count of expiries. What the counts mean is decided in assess/. */
export interface ExpiryCounts {
  readonly total: number;
  /** Rows without a recorded expiry. */
  readonly withoutExpiry: number;
  /** Rows whose expiry lies before now. */
  readonly beforeNow: number;
  /** Rows whose expiry lies before the end of the EXPIRING SOON window. */
  readonly beforeSoon: number;
  /** Rows whose expiry lies before now + window. */
  readonly beforeWindow: Readonly<Record<ExpiringWithin, number>>;
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

interface CountsRow {
  active: boolean;
  total: number;
  without_expiry: number;
  earliest_ms: number | null;
  before: number[];
}

/**
 * Counts a provider's tokens by expiry and reads the `limit` most urgent ones.
 *
 * The boundaries are bound values, so that Postgres compares with constants and can use an index
 * on the expiry.
 */
export async function readTokens(
  query: Query,
  source: TokenSource,
  role: string,
  options: {
    readonly now: Date;
    readonly expiringSoonMs: number;
    readonly limit: number;
    readonly everyRow: boolean;
  },
): Promise<Reading<TokenObservation>> {
  const offsets = [0, options.expiringSoonMs, ...Object.values(expiringWithin)];
  const boundaries = offsets.map((ms) => instantParameter(options.now.getTime() + ms));
  const filters = boundaries.map(
    (_, index) => `count(*) FILTER (WHERE expires_at < $${String(index + 1)}::timestamptz)`,
  );
  const counts = await query<CountsRow>(
    `SELECT active,
            count(*)::float8 AS total,
            count(*) FILTER (WHERE expires_at IS NULL)::float8 AS without_expiry,
            ${epochMs('min(expires_at) FILTER (WHERE isfinite(expires_at))')} AS earliest_ms,
            ARRAY[${filters.join(', ')}]::float8[] AS before
     FROM (SELECT ${source.active} AS active, ${source.expiresAt} AS expires_at
           FROM ${source.from}) AS tokens
     GROUP BY active`,
    boundaries,
  );
  if (counts.length === 0 && source.mayHideRows) return hiddenRows(source.table, role);

  const mostUrgent = await readMostUrgent(query, source, options.limit);
  const earliest = counts.flatMap((row) => row.earliest_ms ?? []);
  return known({
    active: expiryCounts(counts.find((row) => row.active)),
    inactive: expiryCounts(counts.find((row) => !row.active)),
    earliestExpiresAtMs: earliest.length === 0 ? null : Math.min(...earliest),
    mostUrgent,
    rows: options.everyRow ? await readTokenRows(query, source) : null,
  });
}

function expiryCounts(row: CountsRow | undefined): ExpiryCounts {
  const [beforeNow = 0, beforeSoon = 0, ...windows] = row?.before ?? [];
  const labels = Object.keys(expiringWithin) as ExpiringWithin[];
  return {
    total: row?.total ?? 0,
    withoutExpiry: row?.without_expiry ?? 0,
    beforeNow,
    beforeSoon,
    beforeWindow: Object.fromEntries(
      labels.map((label, index) => [label, windows[index] ?? 0]),
    ) as Record<ExpiringWithin, number>,
  };
}
