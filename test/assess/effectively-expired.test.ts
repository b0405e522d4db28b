import { describe, expect, it } from 'vitest';
import { isEffectivelyExpired } from '../../src/assess/effectively-expired.js';
import type { ExpiredTokenContext } from '../../src/assess/effectively-expired.js';

const now = 1_000_000;
const ours: ExpiredTokenContext = {
  active: true,
  expiresAtMs: now - 60_001,
  refreshedByUs: true,
  syncFailedForAuth: false,
};

describe('an effectively expired token', () => {
  it.each<[string, Partial<ExpiredTokenContext>, boolean]>([
    ['expired for a minute and a millisecond, ours to refresh', {}, true],
    ['expired for exactly the leeway of a minute', { expiresAtMs: now - 60_000 }, false],
    ['expired for a millisecond less', { expiresAtMs: now - 59_999 }, false],
    ['still valid', { expiresAtMs: now + 1 }, false],
    ['no expiry recorded', { expiresAtMs: null }, false],
    ['never expiring', { expiresAtMs: Infinity }, false],
    ['inactive', { active: false }, false],
    ['refreshed on use by the application: lies in peace', { refreshedByUs: false }, false],
    [
      'refreshed by the application, but a sync failed for it',
      { refreshedByUs: false, syncFailedForAuth: true },
      true,
    ],
    ['a sync failed while it is valid', { expiresAtMs: now + 1, syncFailedForAuth: true }, false],
  ])('%s', (_, token, expected) => {
    expect(isEffectivelyExpired({ ...ours, ...token }, now)).toBe(expected);
  });
});
