import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeFailureRate, failureRateBound } from '../../src/watch/failure-bound.js';

describe('the bound on the rate of failure', () => {
  // Exact values of Clopper and Pearson's upper limit, as published tables and R's
  // binom.test(k, n, alternative = "less") give them.
  it.each([
    [1, 10, 0.3941633],
    [2, 20, 0.2826185],
    [5, 100, 0.1022534],
    [1, 1000, 0.0047346],
  ])('is exact for %i failures in %i', (failures, trials, bound) => {
    expect(failureRateBound(trials, failures)).toBeCloseTo(bound, 4);
  });

  it('is three in n without a failure, or exact for few trials', () => {
    expect(failureRateBound(312, 0)).toBeCloseTo(3 / 312, 12);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (n) => {
        expect(failureRateBound(n, 0)!).toBeGreaterThanOrEqual(1 - 0.05 ** (1 / n) - 1e-12);
      }),
    );
  });

  it('is unknown without a trial, and one when everything failed', () => {
    expect(failureRateBound(0, 0)).toBeNull();
    expect(failureRateBound(4, 4)).toBe(1);
  });

  it('grows with failures, shrinks with trials and lies above the share that failed', () => {
    const trials = fc.integer({ min: 2, max: 5_000 });
    fc.assert(
      fc.property(trials, fc.nat(), (n, seed) => {
        const k = seed % (n - 1); // at most n - 2, so that k + 1 is a bound too
        const bound = failureRateBound(n, k)!;
        expect(bound).toBeGreaterThan(k / n);
        expect(failureRateBound(n, k + 1)!).toBeGreaterThan(bound - 1e-9);
        expect(failureRateBound(n + 1, k)!).toBeLessThanOrEqual(bound + 1e-9);
      }),
    );
  });

  it.each([
    [312, {}, '312 refreshes, 0 failures: with 95 % confidence fewer than 1 in 104 fail'],
    [
      1_000,
      { timeout: 1 },
      '1,001 refreshes, 1 failure (timeout 1): with 95 % confidence fewer than 1 in 211 fail',
    ],
    [
      2,
      { network: 2 },
      '4 refreshes, 2 failures (network 2): with 95 % confidence fewer than 91 in 100 fail',
    ],
    [1, {}, '1 refresh, 0 failures: with 95 % confidence fewer than 95 in 100 fail'],
    [29, {}, '29 refreshes, 0 failures: with 95 % confidence fewer than 1 in 10 fail'],
    [30, {}, '30 refreshes, 0 failures: with 95 % confidence fewer than 1 in 10 fail'],
    [0, {}, 'no refresh was tried: nothing bounds the rate of failure'],
    [
      0,
      { timeout: 3 },
      '3 refreshes, 3 failures (timeout 3): too few successes to bound the rate of failure',
    ],
  ])('is said in words: %i successes, failed %o', (refreshed, failed, words) => {
    expect(describeFailureRate({ refreshed, recovered: 0, failed })).toBe(words);
  });
});
