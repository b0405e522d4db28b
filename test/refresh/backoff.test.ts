import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffCapMs, backoffMs } from '../../src/refresh/backoff.js';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

describe('the longest wait', () => {
  it.each([
    ['plenty is left', 100 * hour, hour],
    ['a quarter is exactly an hour', 4 * hour, hour],
    ['a quarter is a millisecond less than an hour', 4 * hour - 4, hour - 1],
    ['two hours are left', 2 * hour, 30 * minute],
    ['a quarter is a millisecond more than 30 s', 2 * minute + 4, 30 * second + 1],
    ['a quarter is exactly 30 s', 2 * minute, 30 * second],
    ['a second is left', second, 30 * second],
    ['it expires now', 0, 30 * second],
    ['it expired a millisecond ago', -1, 15 * minute],
    ['it expired for ever', -Infinity, 15 * minute],
    ['it never expires', Infinity, hour],
    ['its expiry is unknown', null, 15 * minute],
  ])('when %s', (_, remainingMs, expected) => {
    expect(backoffCapMs(remainingMs)).toBe(expected);
  });
});

describe('a backoff', () => {
  it.each([
    [1, 30 * second],
    [2, minute],
    [3, 2 * minute],
    [7, 32 * minute],
    [8, hour],
    [5000, hour],
  ])('after failure %i is half of its longest up to all of it', (failures, longest) => {
    expect(backoffMs(failures, 100 * hour, 0)).toBe(longest / 2);
    expect(backoffMs(failures, 100 * hour, 0.5)).toBe(0.75 * longest);
    expect(backoffMs(failures, 100 * hour, 1)).toBe(longest);
  });

  it('stays spread when all tokens wait for the longest time', () => {
    expect(backoffMs(20, -1, 0.2)).not.toBe(backoffMs(20, -1, 0.3));
  });

  const failures = fc.integer({ min: 0, max: 10_000 });
  const remaining = fc.option(
    fc.oneof(fc.integer({ min: -1000 * hour, max: 1000 * hour }), fc.constantFrom(Infinity)),
  );
  const chance = fc.double({ min: 0, max: 1, noNaN: true });

  it('is at least 15 s and never longer than the cap', () => {
    fc.assert(
      fc.property(failures, remaining, chance, (count, remainingMs, random) => {
        const waitMs = backoffMs(count, remainingMs, random);
        expect(waitMs).toBeGreaterThanOrEqual(15 * second);
        expect(waitMs).toBeLessThanOrEqual(backoffCapMs(remainingMs));
      }),
    );
  });

  it('leaves time for another attempt before the token expires', () => {
    fc.assert(
      fc.property(failures, fc.integer({ min: 30_001, max: 1000 * hour }), chance, (n, left, r) => {
        expect(backoffMs(n, left, r)).toBeLessThan(left);
      }),
    );
  });

  it('never grows shorter with another failure', () => {
    fc.assert(
      fc.property(failures, remaining, chance, (count, remainingMs, random) => {
        const waitMs = backoffMs(count, remainingMs, random);
        expect(backoffMs(count + 1, remainingMs, random)).toBeGreaterThanOrEqual(waitMs);
      }),
    );
  });
});
