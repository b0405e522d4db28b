import { assessToken } from '../../src/assess/assessed-token.js';
import type { AssessedToken, GrantRow } from '../../src/assess/assessed-token.js';
import type { RefreshConfig } from '../../src/config/refresh-config.js';
import type { TokenMemory } from '../../src/store/token-memory.js';
import { tokenMemoryOf } from '../assess/token-memory-of.js';

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
  const remembered = tokenMemoryOf({
    tokenId: facts.id,
    firstSeenAtMs: nowMs - hourMs,
    ...memory,
  });
  return assessToken(provider, facts, remembered, nowMs, pollMs);
}
