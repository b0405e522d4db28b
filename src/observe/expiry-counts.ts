import type { Query } from '../database/read-snapshot.js';
import { epochMs, instantParameter } from './instant-sql.js';
import type { TokenSource } from './token-source.js';
import { withSettings } from './with-settings.js';
import { expiringWithin } from './windows.js';
import type { ExpiringWithin } from './windows.js';

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

/** The counts of a provider's active and inactive rows, and the smallest finite expiry of all. */
export interface CountedExpiries {
  readonly active: ExpiryCounts;
  readonly inactive: ExpiryCounts;
  readonly earliestExpiresAtMs: number | null;
}

/** Rows by expiry: `perRange[i]` lie before the i-th boundary and not before the one before it. */
export interface RangeCounts {
  /** One more than there are boundaries: the last lie at or after all of them. */
  readonly perRange: readonly number[];
  readonly withoutExpiry: number;
}

/** The instants that counts are separated by: each once, in ascending order. */
export function boundariesAt(
  now: Date,
  expiringSoonMs: number,
  further: readonly number[] = [],
): readonly number[] {
  const offsets = [0, expiringSoonMs, ...Object.values(expiringWithin), ...further];
  return [...new Set(offsets.map((ms) => now.getTime() + ms))].sort((a, b) => a - b);
}

/** Adds up what was counted between boundaries, those of `boundariesAt` among them. */
export function countsOfRanges(
  { perRange, withoutExpiry }: RangeCounts,
  boundaries: readonly number[],
  now: Date,
  expiringSoonMs: number,
): ExpiryCounts {
  const before = new Map<number, number>();
  let sum = 0;
  for (const [index, boundary] of boundaries.entries()) {
    sum += perRange[index] ?? 0;
    before.set(boundary, sum);
  }
  const beforeOffset = (ms: number): number => before.get(now.getTime() + ms) ?? 0;
  return {
    total: sum + (perRange[boundaries.length] ?? 0) + withoutExpiry,
    withoutExpiry,
    beforeNow: beforeOffset(0),
    beforeSoon: beforeOffset(expiringSoonMs),
    beforeWindow: Object.fromEntries(
      Object.entries(expiringWithin).map(([label, ms]) => [label, beforeOffset(ms)]),
    ) as Record<ExpiringWithin, number>,
  };
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

/** Where ranges are cut further, so that several workers of Postgres have alike much to count. */
const slices: readonly number[] = [
  ...upTo(8).map((each) => each * 3 * hourMs),
  ...upTo(7).map((each) => each * dayMs),
  ...upTo(12).map((each) => each * 7 * dayMs),
];

/**
 * Counts a provider's tokens by expiry: range by range where an index alone can, else in one scan.
 *
 * The boundaries are bound values, so that Postgres compares with constants.
 */
export async function readExpiryCounts(
  query: Query,
  source: TokenSource,
  now: Date,
  expiringSoonMs: number,
): Promise<CountedExpiries> {
  const boundaries = boundariesAt(now, expiringSoonMs, source.countsByIndex ? slices : []);
  const read = source.countsByIndex ? readByIndex : readByScan;
  const ranges = await read(query, source, boundaries.map(instantParameter));
  const counts = (of: RangeCounts) => countsOfRanges(of, boundaries, now, expiringSoonMs);
  return {
    active: counts(ranges.active),
    inactive: counts(ranges.inactive),
    earliestExpiresAtMs: ranges.earliestMs,
  };
}

interface ReadRanges {
  readonly active: RangeCounts;
  readonly inactive: RangeCounts;
  readonly earliestMs: number | null;
}

function expiriesOf(source: TokenSource): string {
  return `(SELECT ${source.active} AS active, ${source.expiresAt} AS expires_at
           FROM ${source.from}) AS tokens`;
}

interface ScanRow {
  range: number;
  total: number;
  earliest_ms: number | null;
}

/** Counts each row once, in its range: a count per boundary would compare it with all of them. */
async function readByScan(
  query: Query,
  source: TokenSource,
  boundaries: readonly string[],
): Promise<ReadRanges> {
  // Before the first instant that Postgres knows lies '-infinity' alone: it is no earliest expiry.
  const thresholds = ['4714-11-24 00:00Z BC', ...boundaries];
  const range = `coalesce(width_bucket(expires_at, $1::timestamptz[]), ${String(thresholds.length + 1)})`;
  // The OFFSET keeps the expression out of the planner's sight, which else expects a group for each
  // expiry and takes no workers. As the number 0 it would be a limit, that workers can't share.
  const rows = await query<ScanRow & Record<string, unknown>>(
    `SELECT range, count(*)::float8 AS total, ${epochMs('min(expires_at)')} AS earliest_ms
     FROM (SELECT CASE WHEN active THEN ${range} ELSE ~ ${range} END AS range, expires_at
           FROM ${expiriesOf(source)} OFFSET '0') AS ranges
     GROUP BY range`,
    [thresholds],
  );
  const totals = new Map(rows.map(({ range, total }) => [range, total]));
  const counted = (keyOf: (place: number) => number): RangeCounts => {
    const totalAt = (place: number) => totals.get(keyOf(place)) ?? 0;
    return {
      perRange: [totalAt(0) + totalAt(1), ...boundaries.map((_, index) => totalAt(index + 2))],
      withoutExpiry: totalAt(thresholds.length + 1),
    };
  };
  const earliest = rows.flatMap((row) => row.earliest_ms ?? []).filter(Number.isFinite);
  return {
    active: counted((place) => place),
    inactive: counted((place) => ~place),
    earliestMs: earliest.length === 0 ? null : Math.min(...earliest),
  };
}

interface IndexRow {
  range: number;
  total: number;
  active: number;
  earliest_ms: number | null;
}

/**
 * A range needs no comparison and no grouping of its rows; the ranges are shared by workers. Each has
 * expressions of its own: to compile all of them takes longer than it saves.
 */
async function readByIndex(
  query: Query,
  source: TokenSource,
  boundaries: readonly string[],
): Promise<ReadRanges> {
  const tokens = expiriesOf(source);
  const bound = (index: number) => `$${String(index + 1)}::timestamptz`;
  const last = boundaries.length - 1;
  const conditions = [
    `expires_at < ${bound(0)}`,
    ...boundaries
      .slice(1)
      .map((_, index) => `expires_at >= ${bound(index)} AND expires_at < ${bound(index + 1)}`),
    `expires_at >= ${bound(last)}`,
    'expires_at IS NULL',
  ];
  const ranges = conditions.map(
    (condition, range) =>
      `SELECT ${String(range)} AS range, count(*)::float8 AS total,
              count(*) FILTER (WHERE active)::float8 AS active
       FROM ${tokens} WHERE ${condition}`,
  );
  const rows = await withSettings(query, ['jit = off'], () =>
    query<IndexRow & Record<string, unknown>>(
      `SELECT ranges.*, ${epochMs(`(SELECT min(expires_at) FROM ${tokens}
         WHERE expires_at > '-infinity' AND expires_at < 'infinity')`)} AS earliest_ms
       FROM (${ranges.join(' UNION ALL ')}) AS ranges
       ORDER BY range`,
      boundaries,
    ),
  );
  const counted = (count: (row: IndexRow) => number): RangeCounts => {
    const each = rows.map(count);
    return { perRange: each.slice(0, -1), withoutExpiry: each.at(-1) ?? 0 };
  };
  return {
    active: counted(({ active }) => active),
    inactive: counted(({ total, active }) => total - active),
    earliestMs: rows[0]?.earliest_ms ?? null,
  };
}
