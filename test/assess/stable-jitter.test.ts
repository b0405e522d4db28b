import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stableJitterMs } from '../../src/assess/stable-jitter.js';

const day = 86_400_000;

describe('the jitter of a token', () => {
  it('is 0 up to a tenth of the lifetime, at most a minute', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.integer({ min: 0, max: day }),
        (provider, id, ms) => {
          const jitterMs = stableJitterMs(provider, id, ms);
          expect(jitterMs).toBeGreaterThanOrEqual(0);
          expect(jitterMs).toBeLessThanOrEqual(Math.min(ms / 10, 60_000));
        },
      ),
    );
  });

  it('is the same each time, and stays the same from release to release', () => {
    expect(stableJitterMs('fathom', 'a', day)).toBe(stableJitterMs('fathom', 'a', day));
    expect(Math.floor(stableJitterMs('fathom', 'a', day))).toMatchInlineSnapshot(`49451`);
  });

  it('differs between providers that use the same ids', () => {
    expect(stableJitterMs('fathom', '1', day)).not.toBe(stableJitterMs('google', '1', day));
  });

  it('does not take a part of the id for a part of the provider', () => {
    expect(stableJitterMs('a', 'bc', day)).not.toBe(stableJitterMs('ab', 'c', day));
  });

  it.each([
    ['numbers', (n: number) => String(n)],
    ['numbers with a prefix', (n: number) => `user-${n}`],
    [
      'UUIDs that differ in their last digits',
      (n: number) => `6f1c9a52-0d3e-4b7a-9c55-${n.toString(16).padStart(12, '0')}`,
    ],
  ])('spreads %s evenly over a minute', (_, idOf) => {
    const tokens = 12_000;
    const perSecond = new Array<number>(60).fill(0);
    for (let n = 0; n < tokens; n += 1) {
      const second = Math.floor(stableJitterMs('fathom', idOf(n), day) / 1000);
      perSecond[second] = (perSecond[second] ?? 0) + 1;
    }
    const expected = tokens / 60;
    const chiSquared = perSecond.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // 59 degrees of freedom: an even spread exceeds 98.3 once in a thousand times.
    expect(chiSquared).toBeLessThan(98.3);
  });

  it('spreads a handful of neighbouring ids too', () => {
    const seconds = Array.from({ length: 10 }, (_, n) =>
      Math.floor(stableJitterMs('fathom', String(n), day) / 1000),
    );
    expect(new Set(seconds).size).toBeGreaterThanOrEqual(8);
    expect(Math.max(...seconds) - Math.min(...seconds)).toBeGreaterThan(30);
  });
});
