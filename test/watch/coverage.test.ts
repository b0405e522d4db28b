import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addSighting,
  coverageRatio,
  expectedSamples,
  nextSlot,
  nothingSighted,
  shortfalls,
} from '../../src/watch/coverage.js';
import { longestGapMs } from '../../src/watch/stability-watch.js';
import type { StabilityWatch } from '../../src/watch/stability-watch.js';
import { hourMs, minuteMs } from './simulated-world.js';

const pollIntervalMs = 30_000;
const watch: StabilityWatch = {
  id: 1,
  providers: ['fathom'],
  startedAtMs: 0,
  deadlineAtMs: 2 * hourMs,
  pollIntervalMs,
  note: '',
  startedBy: 'ops',
  prove: 0,
  acceptKnown: false,
};
const sighted = (times: readonly number[]) => times.reduce(addSighting, nothingSighted(watch));
/** A poll every 30 s, but for these. */
const polls = (isMissing: (index: number) => boolean = () => false) =>
  Array.from({ length: 240 }, (_, index) => index * pollIntervalMs + 10_000).filter(
    (_, index) => !isMissing(index),
  );

/** The slots that polls at these times get. */
function slots(times: readonly number[]): (number | null)[] {
  let last: { slot: number; atMs: number } | null = null;
  return times.map((atMs) => {
    const slot = nextSlot(watch, atMs, last);
    if (slot !== null) last = { slot, atMs };
    return slot;
  });
}

describe('the slot of a poll', () => {
  it('is that of its interval', () => {
    expect(slots([0, 30_000, 60_000, 120_000])).toEqual([0, 1, 2, 4]);
  });

  it('is taken once, by the first replica that comes', () => {
    expect(slots([10_000, 10_000, 12_000, 40_000, 42_000])).toEqual([0, null, null, 1, null]);
  });

  it('is not lost to drift around the border of two intervals', () => {
    expect(slots([29_990, 60_010, 89_990, 120_010, 149_990])).toEqual([0, 2, 3, 4, 5]);
  });

  it('begins half an interval after the last sample, to the millisecond', () => {
    expect(slots([20_000, 34_999])).toEqual([0, null]);
    expect(slots([20_000, 35_000])).toEqual([0, 1]);
  });

  it('never repeats, and lies at most one ahead, however many replicas poll', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(gaps, (steps) => {
        let atMs = 0;
        const times = steps.map((step) => (atMs += step));
        const given = slots(times);
        const taken = given.filter((slot) => slot !== null);
        expect(new Set(taken).size).toBe(taken.length);
        given.forEach((slot, index) => {
          if (slot !== null) expect(slot).toBeLessThanOrEqual(times[index]! / pollIntervalMs + 1);
        });
      }),
    );
  });
});

describe('coverage', () => {
  it('expects one sample per interval elapsed, less the one that start and end cut', () => {
    expect(expectedSamples(watch, 0)).toBe(1);
    expect(expectedSamples(watch, 59_999)).toBe(1);
    expect(expectedSamples(watch, 90_000)).toBe(2);
    expect(expectedSamples(watch, 2 * hourMs)).toBe(239);
    expect(expectedSamples(watch, 5 * hourMs)).toBe(239);
    expect(coverageRatio(watch, 240, 2 * hourMs)).toBe(1);
  });

  it('suffices with 99 % of the polls and not with one fewer', () => {
    expect(shortfalls(watch, sighted(polls((index) => index % 80 === 40)))).toEqual([]);
    const four = sighted(polls((index) => [40, 80, 120, 160].includes(index)));
    expect(shortfalls(watch, four)).toEqual([{ kind: 'coverage', seen: 236, expected: 239 }]);
  });

  it('suffices with a gap of five minutes and not with a millisecond more', () => {
    const upTo = (lastMs: number) => shortfalls(watch, { ...sighted(polls()), lastAtMs: lastMs });
    expect(upTo(watch.deadlineAtMs - longestGapMs)).toEqual([]);
    expect(upTo(watch.deadlineAtMs - longestGapMs - 1)).toMatchObject([{ kind: 'gap' }]);
  });

  it('counts the time before the first sample, and no sample at all, as gaps', () => {
    const late = sighted(polls().filter((atMs) => atMs > 6 * minuteMs));
    expect(shortfalls(watch, late)).toContainEqual({
      kind: 'gap',
      gap: { fromMs: 0, toMs: 370_000 },
    });
    expect(shortfalls(watch, nothingSighted(watch))).toHaveLength(2);
  });
});
