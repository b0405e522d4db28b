import { firstInstantMs, lastInstantMs } from '../instant-sql.js';
import type { CheckPace } from './check-pace.js';

/** A part of what is carried, drawn evenly. */
export interface ExpirySample {
  /** In ascending order, the infinite ones among them. */
  readonly expiriesMs: Float64Array;
  readonly withoutExpiry: number;
  /** For how many rows each of it stands. */
  readonly each: number;
}

/**
 * Ranges of expiries that lie side by side. The i-th begins at the i-th start and ends before the
 * next, the last one before `endMs`. Where that is Infinity, two more ranges follow: of
 * what never expires, and of what has no expiry.
 */
export interface ExpiryRanges {
  readonly startsMs: readonly number[];
  readonly endMs: number;
}

/**
 * Cuts the next `rows` rows from `fromMs` on into ranges of about `rangeRows`; null where one would
 * have more than `mostAlike`, as so many expire at the same instant or have no expiry.
 */
export function planRanges(
  { expiriesMs, withoutExpiry, each }: ExpirySample,
  fromMs: number,
  rows: number,
  { rangeRows, mostAlike }: Pick<CheckPace, 'rangeRows' | 'mostAlike'>,
): ExpiryRanges | null {
  const startsMs = [fromMs];
  const step = Math.max(1, Math.round(rangeRows / each));
  const first = expiriesMs.findIndex((ms) => ms >= fromMs);
  let begun = first === -1 ? expiriesMs.length : first;
  const end = Math.min(expiriesMs.length, begun + Math.max(step, Math.round(rows / each)));
  for (let index = begun + step; index < expiriesMs.length; index += 1) {
    const ms = expiriesMs[index] ?? Infinity;
    if (ms > lastInstantMs) break;
    if (ms < firstInstantMs || ms === expiriesMs[index - 1]) continue;
    if ((index - begun) * each > mostAlike) return null;
    if (index >= end) return { startsMs, endMs: ms };
    startsMs.push(ms);
    begun = index;
    index += step - 1;
  }
  const rest = Math.max(expiriesMs.length - begun, withoutExpiry);
  return rest * each > mostAlike ? null : { startsMs, endMs: Infinity };
}

/** How many ranges there are. */
export function rangeCount({ startsMs, endMs }: ExpiryRanges): number {
  return startsMs.length + (endMs === Infinity ? 2 : 0);
}

/** In which range an expiry lies, NaN for none; -1: in none of them. */
export function rangeOf({ startsMs, endMs }: ExpiryRanges, expiresAtMs: number): number {
  if (endMs === Infinity) {
    if (expiresAtMs === Infinity) return startsMs.length;
    if (Number.isNaN(expiresAtMs)) return startsMs.length + 1;
  }
  if (!(expiresAtMs >= (startsMs[0] ?? Infinity) && expiresAtMs < endMs)) return -1;
  let low = 0;
  let high = startsMs.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (expiresAtMs >= (startsMs[middle] ?? Infinity)) low = middle;
    else high = middle;
  }
  return low;
}
