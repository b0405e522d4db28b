import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largestGroup } from '../../src/assess/largest-group.js';
import { runAtOnce } from '../../src/assess/slices.js';

const groupOf = (times: readonly number[], windowMs: number) =>
  runAtOnce(
    largestGroup(
      times.map((remainingMs) => ({ remainingMs })),
      windowMs,
    ),
  ).map(({ remainingMs }) => remainingMs);

describe('the largest group', () => {
  it.each<[string, readonly number[], readonly number[]]>([
    ['lies wherever it lies, the earliest first', [9, 1, 20, 11, 2, 10], [9, 10, 11]],
    ['is of instants less than the window apart', [0, 2.999], [0, 2.999]],
    ['is not of instants exactly the window apart', [0, 3], [0]],
    ['is the earlier of two that are as large', [11, 10, 1, 2], [1, 2]],
    ['has everything that expires at once', [5, 5, 5, 1], [5, 5, 5]],
    ['is empty where there is nothing', [], []],
  ])('%s', (_, times, group) => {
    expect(groupOf(times, 3)).toEqual(group);
  });

  it('is what the first of the largest windows holds, counting from each instant', () => {
    const instants = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 40 });
    fc.assert(
      fc.property(instants, fc.integer({ min: 1, max: 20 }), (times, windowMs) => {
        const sorted = times.toSorted((a, b) => a - b);
        const windows = sorted.map((start) =>
          sorted.filter((time) => time >= start && time < start + windowMs),
        );
        const largest = Math.max(0, ...windows.map(({ length }) => length));
        expect(groupOf(times, windowMs)).toEqual(
          windows.find(({ length }) => length === largest) ?? [],
        );
      }),
    );
  });
});
