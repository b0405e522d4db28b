import { hashExpiry } from './expiry-hash.js';
import { rangeCount } from './expiry-ranges.js';
import type { ExpiryRanges } from './expiry-ranges.js';

/** Two sets of tokens of which these are equal expire alike. */
export interface RangeSum {
  readonly total: number;
  readonly active: number;
  /** Of the hashes of those that expire at an instant, modulo 2 ** 64. */
  readonly sum: bigint;
}

/** Sums up tokens one by one, as `readRangeSums` has the database do it. */
export function createRangeSums(ranges: ExpiryRanges): {
  readonly add: (range: number, active: boolean, expiresAtMs: number) => void;
  readonly all: () => readonly RangeSum[];
} {
  const sums = Array.from({ length: rangeCount(ranges) }, () => ({
    total: 0,
    active: 0,
    // Exact for two million rows each.
    high: 0,
    low: 0,
  }));
  const hash = { high: 0, low: 0 };
  return {
    add(range, active, expiresAtMs) {
      const sum = sums[range];
      if (sum === undefined) return;
      sum.total += 1;
      if (active) sum.active += 1;
      if (!Number.isFinite(expiresAtMs)) return;
      hashExpiry(active, expiresAtMs, hash);
      sum.high += hash.high;
      sum.low += hash.low;
    },
    all: () =>
      sums.map(({ total, active, high, low }) => ({
        total,
        active,
        sum: BigInt.asUintN(64, (BigInt(high) << 32n) + BigInt(low)),
      })),
  };
}
