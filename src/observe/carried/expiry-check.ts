import { setImmediate as breathe } from 'node:timers/promises';
import { readSlices } from '../../database/read-slices.js';
import type { Check } from './carry-table.js';
import type { CheckPace } from './check-pace.js';
import { planRanges } from './expiry-ranges.js';
import type { RangeSum } from './range-sum.js';
import { rangeCondition, readRangeSums } from './read-range-sums.js';
import type { CarriedExpiry, ExpiryTable } from './expiry-table.js';

/**
 * Compares what is carried with the database, a slice of all rows per call in the order of their
 * expiries. The database sums up each range of them by its index, and rows are read only of a
 * range whose sum is another. What is missing there may have moved to a range that
 * comes later: it is dropped when it is still missing a round later.
 *
 * Answers false without such an index, and where too many rows expire at one instant: no range of
 * those is small.
 */
export function createExpiryCheck(pace: CheckPace): Check<ExpiryTable> {
  let fromMs = -Infinity;
  let rows = pace.firstRows;
  return async (query, { select, byExpiry }, table) => {
    if (byExpiry === null) return false;
    const ranges = planRanges(table.sample(), fromMs, rows, pace);
    if (ranges === null) return false;
    const carried = await table.sumUp(ranges);
    const summed = rows;
    // One that is given up on must not come again as large as it was.
    rows = pace.next(summed, Infinity);
    const { sums, tookMs } = await readRangeSums(query, byExpiry, ranges);
    const others = differing(carried, sums, pace.mostRead, ranges.startsMs.length);
    if (others.ranges.some((range) => (sums[range]?.total ?? 0) > pace.mostAlike)) return false;

    const found: (readonly CarriedExpiry[])[] = [];
    for (const range of others.ranges) {
      const { condition, values } = rangeCondition(byExpiry, ranges, range);
      const keep = (read: readonly CarriedExpiry[]) => void found.push(read);
      await readSlices(query, `${select} WHERE ${condition}`, values, keep);
    }
    await table.markMissing(ranges, new Set(others.ranges));
    for (const read of found) {
      await table.put(read);
      await breathe();
    }
    const endMs = others.left === null ? ranges.endMs : ranges.startsMs[others.left];
    fromMs = endMs === undefined || endMs === Infinity ? -Infinity : endMs;
    rows = pace.next(summed, tookMs);
    return true;
  };
}

/** Which ranges to read, in their order, and the first that is left for the next call. */
function differing(
  carried: readonly RangeSum[],
  sums: readonly RangeSum[],
  mostRead: number,
  withEnd: number,
): { readonly ranges: readonly number[]; readonly left: number | null } {
  const ranges: number[] = [];
  let toRead = 0;
  for (const [range, { total, active, sum }] of sums.entries()) {
    const known = carried[range];
    if (known?.total === total && known.active === active && known.sum === sum) continue;
    // Those without an end are few and come last: none of them is left.
    if (range < withEnd && toRead > 0 && toRead + total > mostRead) return { ranges, left: range };
    toRead += total;
    ranges.push(range);
  }
  return { ranges, left: null };
}
