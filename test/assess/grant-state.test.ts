import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grantState, grantStates, isFalselyDeactivated } from '../../src/assess/grant-state.js';
import type { GrantEvidence, GrantState } from '../../src/assess/grant-state.js';

const neverSeen: GrantEvidence = {
  goneAtMs: null,
  active: true,
  hasRefreshToken: true,
  refreshedAtMs: null,
  expiryMovedAtMs: null,
  failedAtMs: null,
  deadSinceMs: null,
  fingerprint: null,
  currentFingerprint: null,
};
const refreshed = { refreshedAtMs: 1000 };
const dead = { failedAtMs: 1000, deadSinceMs: 1000, fingerprint: 'old', currentFingerprint: 'old' };

describe('the state of a grant', () => {
  it.each<[string, Partial<GrantEvidence>, GrantState]>([
    ['nothing was ever seen of it', {}, 'unknown'],
    ['it has no refresh token', { ...refreshed, hasRefreshToken: false }, 'unknown'],
    [
      'nobody may see its refresh token, and it works',
      { ...refreshed, hasRefreshToken: null },
      'live',
    ],
    ['we refreshed it', refreshed, 'live'],
    ['its expiry was seen to move', { expiryMovedAtMs: 1000 }, 'live'],
    ['its only attempt failed', { failedAtMs: 1000 }, 'at_risk'],
    ['it failed a millisecond after a success', { ...refreshed, failedAtMs: 1001 }, 'at_risk'],
    ['it failed in the millisecond of a success', { ...refreshed, failedAtMs: 1000 }, 'at_risk'],
    ['it succeeded a millisecond after a failure', { ...refreshed, failedAtMs: 999 }, 'live'],
    ['a foreign refresh followed a failure', { expiryMovedAtMs: 1001, failedAtMs: 1000 }, 'live'],
    [
      'a foreign refresh followed our refresh and our failure',
      { ...refreshed, failedAtMs: 2000, expiryMovedAtMs: 2001 },
      'live',
    ],
    ['it was confirmed dead', dead, 'dead'],
    ['it is dead, its refresh token now hidden', { ...dead, currentFingerprint: null }, 'dead'],
    ['it is dead and lost its refresh token', { ...dead, hasRefreshToken: false }, 'dead'],
    ['it succeeded before it died', { ...dead, refreshedAtMs: 999 }, 'dead'],
    ['it succeeded in the millisecond it died', { ...dead, expiryMovedAtMs: 1000 }, 'dead'],
    ['its refresh token changed after it died', { ...dead, currentFingerprint: 'new' }, 'at_risk'],
    ['its expiry moved after it died', { ...dead, expiryMovedAtMs: 1001 }, 'live'],
    ['a forced refresh succeeded after it died', { ...dead, refreshedAtMs: 1001 }, 'live'],
    ['its row was switched off', { ...refreshed, active: false }, 'disabled'],
    ['its row is gone', { ...refreshed, goneAtMs: 2000 }, 'disabled'],
    ['its row was switched off after it died', { ...dead, active: false }, 'disabled'],
  ])('when %s', (_, evidence, expected) => {
    expect(grantState({ ...neverSeen, ...evidence })).toBe(expected);
  });

  const instant = fc.option(fc.integer({ min: 0, max: 5 }));
  const fingerprint = fc.constantFrom(null, 'a', 'b');
  const anyEvidence: fc.Arbitrary<GrantEvidence> = fc.record({
    goneAtMs: instant,
    active: fc.boolean(),
    hasRefreshToken: fc.constantFrom(true, false, null),
    refreshedAtMs: instant,
    expiryMovedAtMs: instant,
    failedAtMs: instant,
    deadSinceMs: instant,
    fingerprint,
    currentFingerprint: fingerprint,
  });

  it('is one of the five, whatever the evidence', () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        expect(grantStates).toContain(grantState(evidence));
      }),
    );
  });

  it('is live only with a success on record, and dead only when confirmed', () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const state = grantState(evidence);
        const succeeded = evidence.refreshedAtMs !== null || evidence.expiryMovedAtMs !== null;
        expect(state !== 'live' || succeeded).toBe(true);
        expect(state !== 'dead' || evidence.deadSinceMs !== null).toBe(true);
      }),
    );
  });

  it('is never dead once another refresh token is there', () => {
    fc.assert(
      fc.property(anyEvidence, (evidence) => {
        const changed = { ...evidence, fingerprint: 'a', currentFingerprint: 'b' };
        expect(grantState(changed)).not.toBe('dead');
      }),
    );
  });
});

describe('a false deactivation', () => {
  it.each([
    ['inactive, still valid for a millisecond', false, 1001, true],
    ['inactive, expiring now', false, 1000, false],
    ['inactive, expired a millisecond ago', false, 999, false],
    ['inactive, never expiring', false, Infinity, true],
    ['inactive, no expiry recorded', false, null, false],
    ['active and valid', true, 1001, false],
  ])('%s', (_, active, expiresAtMs, expected) => {
    expect(isFalselyDeactivated({ active, expiresAtMs }, 1000)).toBe(expected);
  });
});
