import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chooseLifetime,
  isTooShortToPoll,
  lifetimeSources,
  observedLifetime,
} from '../../src/assess/lifetime.js';
import type { LifetimeEvidence } from '../../src/assess/lifetime.js';

const hour = 3_600_000;
const nothing: LifetimeEvidence = {
  expiresInMs: null,
  observedLifetimesMs: [],
  declaredLifetimeMs: null,
  expiresAtMs: null,
  firstSeenAtMs: null,
};
const everything: LifetimeEvidence = {
  expiresInMs: hour,
  observedLifetimesMs: [2 * hour],
  declaredLifetimeMs: 3 * hour,
  expiresAtMs: 14 * hour,
  firstSeenAtMs: 10 * hour,
};

describe('the lifetime of an access token', () => {
  it.each([
    ['our own last expires_in comes first', {}, hour, 'expires_in'],
    ['then what was observed', { expiresInMs: null }, 2 * hour, 'observed'],
    ['then what is declared', { expiresInMs: null, observedLifetimesMs: [] }, 3 * hour, 'declared'],
    [
      'then what was left at first sight',
      { expiresInMs: null, observedLifetimesMs: [], declaredLifetimeMs: null },
      4 * hour,
      'first_seen',
    ],
    ['an expires_in of 0 says nothing', { expiresInMs: 0 }, 2 * hour, 'observed'],
    ['an expires_in of 1 ms counts', { expiresInMs: 1 }, 1, 'expires_in'],
  ] as const)('%s', (_, evidence, lifetimeMs, source) => {
    expect(chooseLifetime({ ...everything, ...evidence })).toEqual({ lifetimeMs, source });
  });

  it('is the largest of the last five observed, whatever came before', () => {
    const observedLifetimesMs = [99, 5, 3, 7, 1, 2].map((hours) => hours * hour);
    expect(chooseLifetime({ ...nothing, observedLifetimesMs })?.lifetimeMs).toBe(7 * hour);
  });

  it.each([
    ['nothing is known', {}],
    ['it was first seen exactly at its expiry', { expiresAtMs: hour, firstSeenAtMs: hour }],
    ['it had expired when it was first seen', { expiresAtMs: hour, firstSeenAtMs: 2 * hour }],
    ['nobody knows when it was first seen', { expiresAtMs: hour }],
    ['no expiry is recorded', { firstSeenAtMs: hour }],
    ['it never expires', { expiresAtMs: Infinity, firstSeenAtMs: hour }],
    ['it expired for ever', { expiresAtMs: -Infinity, firstSeenAtMs: hour }],
  ])('is unknown when %s', (_, evidence) => {
    expect(chooseLifetime({ ...nothing, ...evidence })).toBeNull();
  });

  it('is one millisecond when it was first seen a millisecond before its expiry', () => {
    const evidence = { ...nothing, expiresAtMs: hour, firstSeenAtMs: hour - 1 };
    expect(chooseLifetime(evidence)).toEqual({ lifetimeMs: 1, source: 'first_seen' });
  });

  it('is always a positive finite duration with a known source', () => {
    const ms = fc.option(fc.double({ noNaN: true }));
    fc.assert(
      fc.property(
        fc.record({
          expiresInMs: ms,
          observedLifetimesMs: fc.array(fc.double({ noNaN: true })),
          declaredLifetimeMs: ms,
          expiresAtMs: ms,
          firstSeenAtMs: ms,
        }),
        (evidence) => {
          const chosen = chooseLifetime(evidence);
          if (chosen === null) return;
          expect(chosen.lifetimeMs).toBeGreaterThan(0);
          expect(chosen.lifetimeMs).toBeLessThan(Infinity);
          expect(lifetimeSources).toContain(chosen.source);
        },
      ),
    );
  });
});

describe('what a move of the expiry shows', () => {
  it.each([
    ['forward: how far ahead of now it ends', 10 * hour, 34 * hour, 10 * hour, 24 * hour],
    ['forward after a long lapse: still no more than that', hour, 34 * hour, 33 * hour, hour],
    ['forward by a millisecond', 10 * hour, 10 * hour + 1, 9 * hour, hour + 1],
    ['not at all', 10 * hour, 10 * hour, 9 * hour, null],
    ['back', 10 * hour, 10 * hour - 1, 9 * hour, null],
    ['forward, but expired when it was seen', hour, 2 * hour, 2 * hour, null],
    ['forward to infinity', hour, Infinity, hour, null],
    ['from no expiry', null, 2 * hour, hour, null],
    ['to no expiry', hour, null, hour, null],
  ])('%s', (_, previous, next, seenAt, expected) => {
    expect(observedLifetime(previous, next, seenAt)).toBe(expected);
  });
});

describe('a lifetime that polls cannot keep up with', () => {
  it.each([
    ['four polls', 240_000, false],
    ['a millisecond less', 239_999, true],
  ])('%s', (_, lifetimeMs, expected) => {
    expect(isTooShortToPoll(lifetimeMs, 60_000)).toBe(expected);
  });
});
