import { assessToken } from '../../src/assess/assessed-token.js';
import type { AssessedToken, GrantRow } from '../../src/assess/assessed-token.js';
import type { RefreshConfig } from '../../src/config/config.js';
import type { TokenMemory } from '../../src/store/token-memory.js';

const hourMs = 3_600_000;
export const pollMs = 30_000;

export const refreshing: RefreshConfig = {
  mode: 'on',
  way: {
    kind: 'token_endpoint',
    url: 'https://provider.example/token',
    clientId: 'client',
    clientSecret: null,
    clientAuthentication: 'none',
    parameters: {},
    headers: {},
    errorAliases: {},
  },
  rateLimit: { requests: 60, perMs: 60_000 },
  concurrency: 3,
  invalidGrantConfirmAfterMs: 60_000,
};

/** What is remembered of a token that was seen an hour ago and of which nothing else is known. */
export function memoryOf(nowMs: number, facts: Partial<TokenMemory> = {}): TokenMemory {
  return {
    tokenId: 't1',
    firstSeenAtMs: nowMs - hourMs,
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

/** A token as a poll at `nowMs` judges it: active, with a refresh token, valid for another day. */
export function assessedToken(
  nowMs: number,
  row: Partial<GrantRow> = {},
  memory: Partial<TokenMemory> = {},
  refresh: RefreshConfig | null = refreshing,
): AssessedToken {
  const facts: GrantRow = {
    id: 't1',
    subject: 'user-1',
    account: null,
    active: true,
    expiresAtMs: nowMs + 24 * hourMs,
    hasRefreshToken: true,
    currentFingerprint: null,
    syncAuthFailedAtMs: null,
    ...row,
  };
  const provider = {
    name: 'app',
    declaredLifetimeMs: null,
    expiringSoonMs: 604_800_000,
    refresh,
    syncs: null,
  };
  const remembered = memoryOf(nowMs, { tokenId: facts.id, ...memory });
  return assessToken(provider, facts, remembered, nowMs, pollMs);
}
