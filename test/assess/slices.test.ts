import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  filterInSlices,
  runAtOnce,
  sliceSize,
  sortInSlices,
  type Slices,
} from '../../src/assess/slices.js';

/** How often work may be interrupted. */
function interruptions(work: Slices<unknown>): number {
  let count = 0;
  while (work.next().done !== true) count += 1;
  return count;
}

const byKey = (a: { key: number }, b: { key: number }) => a.key - b.key;
const keyed = (keys: readonly number[]) => keys.map((key, index) => ({ key, index }));

describe('sorting in slices', () => {
  it('sorts as toSorted does, equal items in the order they came in', () => {
    const keys = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 });
    // Repeated until the runs are many and of uneven lengths.
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 60 }), (some, times) => {
        const items = keyed(Array.from({ length: times }, () => some).flat());
        expect(runAtOnce(sortInSlices(items, byKey))).toEqual(items.toSorted(byKey));
      }),
      { numRuns: 50 },
    );
  });

  it.each([0, 1, sliceSize - 1, sliceSize, sliceSize + 1, 3 * sliceSize])(
    'sorts %i items and leaves the list as it was',
    (length) => {
      const items = keyed(Array.from({ length }, (_, at) => (at * 7919) % 1009));
      const before = [...items];
      expect(runAtOnce(sortInSlices(items, byKey))).toEqual(items.toSorted(byKey));
      expect(items).toEqual(before);
    },
  );

  it('may be interrupted at least once per slice', () => {
    const items = keyed(Array.from({ length: 10 * sliceSize }, (_, at) => -at));
    expect(interruptions(sortInSlices(items, byKey))).toBeGreaterThanOrEqual(10 * 4);
  });
});

describe('filtering in slices', () => {
  it.each([0, 1, sliceSize, sliceSize + 1])('finds what filter finds of %i items', (length) => {
    const items = Array.from({ length }, (_, at) => at);
    const isOdd = (item: number) => item % 2 === 1;
    expect(runAtOnce(filterInSlices(items, isOdd))).toEqual(items.filter(isOdd));
  });

  it('may be interrupted between slices and not within one', () => {
    const items = (length: number) => Array.from({ length }, () => 0);
    expect(interruptions(filterInSlices(items(sliceSize), () => true))).toBe(0);
    expect(interruptions(filterInSlices(items(sliceSize + 1), () => true))).toBe(1);
  });
});
