import type { Query } from '../../database/read-snapshot.js';
import { instantParameter } from '../instant-sql.js';
import { byIndex } from './by-index.js';
import { expiryHashSql } from './expiry-hash.js';
import { rangeCount } from './expiry-ranges.js';
import type { ExpiryRanges } from './expiry-ranges.js';
import type { RangeSum } from './range-sum.js';

/** SQL to sum up a table of tokens by expiry, where an index on it holds the active flag too. */
export interface ExpiryColumns {
  readonly from: string;
  readonly expiresAt: string;
  readonly active: string;
}

/** Has the database sum up each range, and says how long it took itself over it. */
export async function readRangeSums(
  query: Query,
  columns: ExpiryColumns,
  ranges: ExpiryRanges,
): Promise<{ readonly sums: readonly RangeSum[]; readonly tookMs: number }> {
  const rows = await byIndex(query, () =>
    query<SumRow & Record<string, unknown>>(sumsSql(columns, ranges), [
      ranges.startsMs.map(boundParameter),
      endsOf(ranges).map(boundParameter),
    ]),
  );
  return {
    sums: rows.map(({ total, active, sum }) => ({
      total,
      active,
      sum: BigInt.asUintN(64, BigInt(sum)),
    })),
    tookMs: Math.max(...rows.map(({ took_ms }) => took_ms)),
  };
}

/** What the rows of a range have in common, with its values. */
export function rangeCondition(
  { expiresAt }: ExpiryColumns,
  ranges: ExpiryRanges,
  range: number,
): { readonly condition: string; readonly values: readonly string[] } {
  const fromMs = ranges.startsMs[range];
  if (fromMs === undefined) {
    const isLast = range === rangeCount(ranges) - 1;
    return { condition: `${expiresAt} ${isLast ? 'IS NULL' : "= 'infinity'"}`, values: [] };
  }
  return {
    condition: `${expiresAt} >= $1::timestamptz AND ${expiresAt} < $2::timestamptz`,
    values: [fromMs, endsOf(ranges)[range] ?? Infinity].map(boundParameter),
  };
}

interface SumRow {
  total: number;
  active: number;
  sum: string;
  took_ms: number;
}

function sumsSql({ from, expiresAt, active }: ExpiryColumns, ranges: ExpiryRanges): string {
  const hash = `CASE WHEN isfinite(${expiresAt}) THEN ${expiryHashSql(expiresAt, active)} ELSE 0 END`;
  const sums = (sum: string) =>
    `count(*)::float8 AS total, count(*) FILTER (WHERE ${active})::float8 AS active, ${sum}::text AS sum`;
  const within = `SELECT ${sums(`coalesce(sum(${hash}), 0)`)} FROM ${from}
                  WHERE ${expiresAt} >= bounds.low AND ${expiresAt} < bounds.high`;
  const endless = [`${expiresAt} = 'infinity'`, `${expiresAt} IS NULL`].map(
    (condition, index) =>
      `UNION ALL SELECT ${String(ranges.startsMs.length + 1 + index)}, ${sums('0')}
       FROM ${from} WHERE ${condition}`,
  );
  return `
    SELECT sums.*, extract(epoch FROM clock_timestamp() - statement_timestamp())::float8 * 1000 AS took_ms
    FROM (SELECT bounds.range, within.*
          FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY AS bounds (low, high, range)
          CROSS JOIN LATERAL (${within}) AS within
          ${ranges.endMs === Infinity ? endless.join(' ') : ''}) AS sums
    ORDER BY range`;
}

function endsOf({ startsMs, endMs }: ExpiryRanges): readonly number[] {
  return [...startsMs.slice(1), endMs];
}

function boundParameter(ms: number): string {
  if (!Number.isFinite(ms)) return ms < 0 ? '-infinity' : 'infinity';
  return instantParameter(ms);
}
