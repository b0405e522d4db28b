import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowsIn50Ms } from '../../src/observe/carried/check-pace.js';
import { planRanges, rangeCount, rangeOf } from '../../src/observe/carried/expiry-ranges.js';
import type { ExpiryRanges } from '../../src/observe/carried/expiry-ranges.js';

const alike = { rangeRows: 2, mostAlike: 1_000 };
const expiry = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -50, max: 50 }) },
  { weight: 1, arbitrary: fc.constantFrom(Infinity, -Infinity, 8e15, -8e15) },
);
const sampleOf = (expiries: readonly number[], withoutExpiry = 0, each = 1) => ({
  expiriesMs: Float64Array.from(expiries).sort(),
  withoutExpiry,
  each,
});

describe('the ranges of a round', () => {
  it('hold every expiry exactly once, whatever is carried, and end', () => {
    const property = fc.property(
      fc.array(expiry, { maxLength: 60 }),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 10 }),
      (expiries, rows, rangeRows) => {
        const slices: ExpiryRanges[] = [];
        for (let fromMs = -Infinity; slices.length <= 61;) {
          const ranges = planRanges(sampleOf(expiries), fromMs, rows, { ...alike, rangeRows });
          if (ranges === null) throw new Error('none is uneven');
          slices.push(ranges);
          if (ranges.endMs === Infinity) break;
          fromMs = ranges.endMs;
        }
        expect(slices.at(-1)?.endMs).toBe(Infinity);
        for (const each of [...expiries, Number.NaN]) {
          const found = slices.filter((ranges) => rangeOf(ranges, each) !== -1);
          expect(found).toHaveLength(1);
        }
      },
    );
    fc.assert(property);
  });

  it('begin with their start and end before the next', () => {
    const ranges = planRanges(sampleOf([1, 2, 3, 4, 5, 6, 7]), 1, 4, alike);
    expect(ranges).toEqual({ startsMs: [1, 3], endMs: 5 });
    const of = (expiresAtMs: number) => rangeOf(ranges!, expiresAtMs);
    expect([0.999, 1, 2.999, 3, 4.999, 5, Infinity, -Infinity, Number.NaN].map(of)).toEqual([
      -1, 0, 0, 1, 1, -1, -1, -1, -1,
    ]);
  });

  it('end with what never expires and with what has no expiry', () => {
    const ranges = planRanges(sampleOf([1, 2, Infinity]), 2, 10, alike);
    expect(ranges).toEqual({ startsMs: [2], endMs: Infinity });
    expect(rangeCount(ranges!)).toBe(3);
    expect([2, 8.64e15, Infinity, Number.NaN].map((each) => rangeOf(ranges!, each))).toEqual([
      0, 0, 1, 2,
    ]);
  });

  it('are as many rows as the sample stands for', () => {
    const expiries = Array.from({ length: 100 }, (_, index) => index);
    const ranges = planRanges(sampleOf(expiries, 0, 500), -Infinity, 10_000, {
      rangeRows: 1_000,
      mostAlike: 200_000,
    });
    expect(ranges?.startsMs).toEqual([-Infinity, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    expect(ranges?.endMs).toBe(20);
  });

  it.each([
    ['expire at the same instant', sampleOf([...Array<number>(11).fill(7), 8], 0, 100)],
    ['expire at -infinity', sampleOf([...Array<number>(11).fill(-Infinity), 8], 0, 100)],
    ['never expire', sampleOf(Array<number>(11).fill(Infinity), 0, 100)],
    ['have no expiry', sampleOf([1], 11, 100)],
  ])('are none where more rows than a range may hold %s', (_, sample) => {
    expect(planRanges(sample, -Infinity, 5_000, { rangeRows: 100, mostAlike: 1_000 })).toBeNull();
    const roomy = { rangeRows: 100, mostAlike: 1_100 };
    expect(planRanges(sample, -Infinity, 5_000, roomy)).not.toBeNull();
  });
});

describe('the slice of the next poll', () => {
  it.each([
    ['comes nearer to what takes 50 ms', 30_000, 10, 90_000],
    ['stays as it is when it took that', 30_000, 50, 30_000],
    ['shrinks by no more than half after a slow one', 30_000, 10_000, 15_075],
    ['is never too small to come round', 5_000, 10_000, 5_000],
    ['is never larger than a million', 900_000, 0, 1_000_000],
  ])('%s', (_, rows, tookMs, next) => {
    expect(rowsIn50Ms(rows, tookMs)).toBe(next);
  });
});
