import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assessDemand,
  cohortRatePerMinute,
  describeDemand,
  steadyRatePerMinute,
} from '../../src/assess/demand.js';
import type { WaitingGroup } from '../../src/assess/demand.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

describe('what the tokens need and the provider allows', () => {
  it('is feasible for 10,000 tokens of a day at 60 a minute, even when all expire together', () => {
    const demand = assessDemand(
      [{ count: 10_000, lifetimeMs: day }],
      [{ count: 10_000, remainingMs: 8 * hour }],
      60,
    );
    expect(demand).toMatchObject({ feasible: true, allowedPerMinute: 60 });
    expect(describeDemand(demand)).toBe('needs 21/min, allowed 60');
  });

  it('is infeasible for good for 10,000 tokens of an hour at 60 a minute', () => {
    const demand = assessDemand([{ count: 10_000, lifetimeMs: hour }], [], 60);
    expect(demand).toMatchObject({ feasible: false, shortage: 'steady' });
    expect(describeDemand(demand)).toBe('needs 170/min, allowed 60');
  });

  it('is infeasible for now for 3,000 tokens of an hour that expire together', () => {
    const demand = assessDemand(
      [{ count: 3000, lifetimeMs: hour }],
      [{ count: 3000, remainingMs: 20 * minute }],
      60,
    );
    expect(demand).toMatchObject({ feasible: false, shortage: 'cohort', neededPerMinute: 150 });
  });

  it.each([
    ['exactly as much as is allowed', 60, true],
    ['one token more', 61, false],
  ])('%s', (_, count, feasible) => {
    expect(assessDemand([{ count, lifetimeMs: minute }], [], 60).feasible).toBe(feasible);
    expect(assessDemand([], [{ count, remainingMs: minute }], 60).feasible).toBe(feasible);
  });

  it('needs nothing where there is nothing', () => {
    const demand = assessDemand([], [], 60);
    expect(demand).toEqual({ feasible: true, neededPerMinute: 0, allowedPerMinute: 60 });
    expect(describeDemand(demand)).toBe('needs 0/min, allowed 60');
  });

  it('adds up the lifetimes of different tokens', () => {
    const groups = [
      { count: 60, lifetimeMs: hour },
      { count: 1440, lifetimeMs: day },
    ];
    expect(steadyRatePerMinute(groups)).toBe(2);
  });

  it.each<[string, WaitingGroup[], number]>([
    ['the tightest deadline', [wait(10, 1), wait(1, 100)], 10],
    ['all that go before the last deadline', [wait(10, 10), wait(90, 20)], 5],
    ['what has expired already, since it goes first', [wait(50, -1), wait(10, 10)], 6],
    ['nothing for what expires now', [wait(50, 0)], 0],
    ['what has a minute left', [{ count: 50, remainingMs: minute }], 50],
    ['nothing for what has a millisecond less', [{ count: 50, remainingMs: minute - 1 }], 0],
  ])('reckons with %s', (_, waiting, expected) => {
    expect(cohortRatePerMinute(waiting)).toBe(expected);
    expect(cohortRatePerMinute([...waiting].reverse())).toBe(expected);
  });

  it('is the slowest rate at which every deadline holds', () => {
    const someWaiting = fc.array(
      fc.record({
        count: fc.integer({ min: 1, max: 50 }),
        remainingMs: fc.integer({ min: minute, max: day }),
      }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(someWaiting, (waiting) => {
        const rate = cohortRatePerMinute(waiting);
        const slack = waiting.map(({ remainingMs }) => {
          const before = waiting.filter((other) => other.remainingMs <= remainingMs);
          const count = before.reduce((sum, group) => sum + group.count, 0);
          return (rate * remainingMs) / minute - count;
        });
        expect(Math.min(...slack)).toBeCloseTo(0, 6);
      }),
    );
  });

  it.each([
    [166.67, 'needs 170/min, allowed 60'],
    [170, 'needs 170/min, allowed 60'],
    [60.01, 'needs 61/min, allowed 60'],
    [9.91, 'needs 10/min, allowed 60'],
    [0.3, 'needs 0.3/min, allowed 60'],
    [12_345, 'needs 13000/min, allowed 60'],
  ])('says %f rounded up', (neededPerMinute, expected) => {
    const demand = { feasible: true, neededPerMinute, allowedPerMinute: 60 } as const;
    expect(describeDemand(demand)).toBe(expected);
  });
});

function wait(count: number, minutes: number): WaitingGroup {
  return { count, remainingMs: minutes * minute };
}
