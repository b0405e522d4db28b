import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sliceSize } from '../../src/assess/slices.js';
import { findTokenChanges, stepThroughTokenChanges } from '../../src/assess/token-changes.js';
import { tokenMemoryOf } from './token-memory-of.js';

const at = new Date('2026-01-01T00:00:00Z');

const rows = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: `t${String(index)}`,
    subject: null,
    active: true,
    expiresAtMs: at.getTime() + index,
  }));
const remembered = (count: number) =>
  new Map(
    rows(count).map((row) => [
      row.id,
      tokenMemoryOf({ tokenId: row.id, active: row.active, expiresAtMs: row.expiresAtMs }),
    ]),
  );

function stepsOf(memories: number, seen: number): number {
  const steps = stepThroughTokenChanges(remembered(memories), rows(seen), at);
  let count = 0;
  while (steps.next().done !== true) count += 1;
  return count;
}

describe('changes of a large table', () => {
  it('are looked for a slice of rows at a time', () => {
    expect(stepsOf(0, sliceSize - 1)).toBe(0);
    expect(stepsOf(0, sliceSize)).toBe(1);
    expect(stepsOf(2.4 * sliceSize, 2.4 * sliceSize)).toBe(4);
  });

  it('are what was never seen, what is gone, and nothing else', () => {
    const count = fc.nat(40);
    fc.assert(
      fc.property(count, count, (before, now) => {
        const changes = findTokenChanges(remembered(before), rows(now), at);
        const expected = [
          ...rows(now)
            .slice(before)
            .map(({ id }) => ({ id, events: ['first_seen'] })),
          ...rows(before)
            .slice(now)
            .map(({ id }) => ({ id, events: ['disappeared'] })),
        ];
        expect(changes.map(({ id, events }) => ({ id, events }))).toEqual(expected);
      }),
    );
  });
});
