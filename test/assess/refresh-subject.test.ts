import { describe, expect, it } from 'vitest';
import { assessToken } from '../../src/assess/assessed-token.js';
import { refreshSubject } from '../../src/assess/refresh-subject.js';
import type { TokenMemory } from '../../src/store/token-memory.js';
import { tokenMemoryOf } from './token-memory-of.js';

const failedAtMs = 1_000_000;
const provider = {
  name: 'app',
  declaredLifetimeMs: null,
  expiringSoonMs: 604_800_000,
  refresh: null,
  syncs: null,
};
const row = {
  id: 'a',
  subject: 'user',
  account: null,
  active: true,
  expiresAtMs: null,
  hasRefreshToken: true,
  currentFingerprint: null,
  syncAuthFailedAtMs: failedAtMs,
};
const memory = tokenMemoryOf({ tokenId: 'a', firstSeenAtMs: 0 });

describe('a sync that failed for auth', () => {
  it.each<[string, Partial<TokenMemory>, number | null]>([
    ['and nothing repaired the token', {}, failedAtMs],
    ['after our refresh', { refreshedAtMs: failedAtMs - 1 }, failedAtMs],
    ['at the moment of our refresh', { refreshedAtMs: failedAtMs }, null],
    ['before our refresh', { refreshedAtMs: failedAtMs + 1 }, null],
    ['after a foreign refresh', { expiryMovedAtMs: failedAtMs - 1 }, failedAtMs],
    ['before a foreign refresh', { expiryMovedAtMs: failedAtMs + 1 }, null],
  ])('%s counts as of %s', (_, changes, expected) => {
    const subject = refreshSubject(provider, { ...memory, ...changes }, row);
    expect(subject.syncAuthFailedAtMs).toBe(expected);
  });

  const judge = (expiresAtMs: number | null, changes: Partial<TokenMemory> = {}) =>
    assessToken(
      provider,
      { ...row, expiresAtMs },
      { ...memory, ...changes },
      failedAtMs + 600_000,
      30_000,
    );

  it('makes a token without expiry due', () => {
    expect(judge(null).decision).toEqual({
      due: true,
      because: 'sync_auth_failure',
      dueAtMs: failedAtMs,
    });
    expect(judge(null, { refreshedAtMs: failedAtMs + 1 }).decision).toMatchObject({ due: false });
  });

  it('makes an expired token that an application refreshes on use an outage', () => {
    expect(judge(failedAtMs).isEffectivelyExpired).toBe(true);
    const repaired = judge(failedAtMs + 5, { expiryMovedAtMs: failedAtMs + 1 });
    expect(repaired.isEffectivelyExpired).toBe(false);
  });
});
