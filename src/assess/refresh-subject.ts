import type { ProviderConfig } from '../config/config.js';
import type { TokenMemory } from '../store/token-memory.js';
import { grantState } from './grant-state.js';
import type { GrantState } from './grant-state.js';
import { chooseLifetime } from './lifetime.js';
import type { RefreshSubject } from './refresh-due.js';

/** A token's row as it stands now: from a poll, or read again before a refresh. */
export interface RowFacts {
  readonly active: boolean;
  readonly expiresAtMs: number | null;
  /** null: this role may not see whether there is one. */
  readonly hasRefreshToken: boolean | null;
  /** Of the refresh token in the row; null where it was not read. */
  readonly currentFingerprint: string | null;
  /** When its last sync failed for auth, after the last that succeeded; null: it did not. */
  readonly syncAuthFailedAtMs: number | null;
}

/** Judges the grant behind a row, with what is remembered of it. */
export function judgeGrant(memory: TokenMemory, row: RowFacts): GrantState {
  return grantState({
    goneAtMs: null,
    active: row.active,
    hasRefreshToken: row.hasRefreshToken,
    refreshedAtMs: memory.refreshedAtMs,
    expiryMovedAtMs: memory.expiryMovedAtMs,
    failedAtMs: memory.failures > 0 || memory.deadSinceMs !== null ? memory.failedAtMs : null,
    deadSinceMs: memory.deadSinceMs,
    fingerprint: memory.fingerprint,
    currentFingerprint: row.currentFingerprint,
  });
}

/** Gathers what decides when a token is refreshed. */
export function refreshSubject(
  provider: Pick<ProviderConfig, 'name' | 'declaredLifetimeMs'>,
  memory: TokenMemory,
  row: RowFacts,
): RefreshSubject {
  const expiresAtMs = isOutlived(memory) ? null : row.expiresAtMs;
  const lifetime = chooseLifetime({
    expiresInMs: memory.expiresInMs,
    observedLifetimesMs: memory.observedLifetimesMs,
    declaredLifetimeMs: provider.declaredLifetimeMs,
    expiresAtMs,
    firstSeenAtMs: memory.firstSeenAtMs,
  });
  return {
    provider: provider.name,
    tokenId: memory.tokenId,
    grant: judgeGrant(memory, row),
    hasRefreshToken: row.hasRefreshToken,
    expiresAtMs,
    lifetimeMs: lifetime?.lifetimeMs ?? null,
    declaredLifetimeMs: provider.declaredLifetimeMs,
    refreshedAtMs: memory.refreshedAtMs,
    syncAuthFailedAtMs: unrepaired(memory, row.syncAuthFailedAtMs),
    notBeforeMs: memory.notBeforeMs,
  };
}

/**
 * Whether the row's expiry is that of an earlier access token: our last refresh told none, and the
 * column was left as it was. Taken at its word it would make the token due all the time.
 */
function isOutlived({ refreshedAtMs, expiryMovedAtMs }: TokenMemory): boolean {
  return refreshedAtMs !== null && (expiryMovedAtMs ?? -Infinity) < refreshedAtMs;
}

/** A sync that failed before the last refresh, ours or not, says nothing about the token of today. */
function unrepaired(
  { refreshedAtMs, expiryMovedAtMs }: TokenMemory,
  failedAtMs: number | null,
): number | null {
  const repairedAtMs = Math.max(refreshedAtMs ?? -Infinity, expiryMovedAtMs ?? -Infinity);
  return failedAtMs !== null && failedAtMs > repairedAtMs ? failedAtMs : null;
}
