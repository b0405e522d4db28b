import type { TokenMemory } from '../../src/store/token-memory.js';

/** The memory of a token that was seen once and never changed, but for what `facts` says. */
export function tokenMemoryOf(facts: Partial<TokenMemory> = {}): TokenMemory {
  return {
    tokenId: 't',
    firstSeenAtMs: 0,
    goneAtMs: null,
    active: true,
    expiresAtMs: null,
    expiryMovedAtMs: null,
    observedLifetimesMs: [],
    refreshedAtMs: null,
    expiresInMs: null,
    failures: 0,
    failureReason: null,
    failedAtMs: null,
    notBeforeMs: null,
    fingerprint: null,
    suspectedAtMs: null,
    deadSinceMs: null,
    claimedBy: null,
    claimedAtMs: null,
    ...facts,
  };
}
