import type { AssessedToken } from '../../assess/assessed-token.js';
import { expiryLeewayMs } from '../../assess/effectively-expired.js';
import type { ProviderContext } from './cause.js';
import { activeOf, isRefreshedByUs } from './of-tokens.js';

const dayMs = 86_400_000;

/** The active tokens of a provider that expire and that nobody is known to refresh. */
export interface UnsavedTokens {
  readonly active: readonly AssessedToken[];
  readonly unsaved: readonly UnsavedToken[];
}

export interface UnsavedToken {
  readonly token: AssessedToken;
  readonly remainingMs: number;
  /** How early to tell of it. */
  readonly aheadMs: number;
}

/**
 * Finds the tokens that no refresh will save.
 *
 * Saved are those that we refresh, and those whose expiry somebody was seen to move: an
 * application that refreshes on its own is no incident, nor are the idle tokens of one that
 * refreshes on use. Of a token with a refresh token nothing is said before it was watched for a
 * lifetime, a day at most: until then nobody had to refresh it. Dead grants have their own
 * incident.
 */
export function findUnsavedTokens(
  context: ProviderContext,
  tokens: readonly AssessedToken[],
): UnsavedTokens {
  const { nowMs, provider } = context;
  const active = activeOf(tokens);
  const isAttended = active.some((token) => movedLately(context, token));
  const isLapse = 2 * active.filter((token) => isExpired(token, nowMs)).length >= active.length;
  const isSaved = (token: AssessedToken): boolean => {
    if (movedLately(context, token)) return true;
    if (token.hasRefreshToken === false) return false;
    if (isRefreshedByUs(context) || isAttended) return true;
    const watchedMs = nowMs - token.memory.firstSeenAtMs;
    if (watchedMs >= Math.min(token.lifetimeMs ?? dayMs, dayMs)) return false;
    return !(isLapse && isExpired(token, nowMs));
  };
  const unsaved = active.flatMap((token): UnsavedToken[] => {
    const { expiresAtMs, grant } = token;
    if (expiresAtMs === null || !Number.isFinite(expiresAtMs) || grant === 'dead') return [];
    if (isSaved(token)) return [];
    const lifetimeMs = knownLifetimeMs(context, token);
    const aheadMs = Math.min(provider.expiringSoonMs, (lifetimeMs ?? Infinity) / 3);
    return [{ token, remainingMs: expiresAtMs - nowMs, aheadMs }];
  });
  return { active, unsaved };
}

/**
 * Within its lifetime somebody refreshed it. An application that syncs on a schedule may pause for
 * as long as its syncs may.
 */
function movedLately({ nowMs, provider }: ProviderContext, token: AssessedToken): boolean {
  const { expiryMovedAtMs, refreshedAtMs } = token.memory;
  const movedAtMs = Math.max(expiryMovedAtMs ?? -Infinity, refreshedAtMs ?? -Infinity);
  const pauseMs = provider.syncs?.overdueAfterMs ?? 0;
  return nowMs - movedAtMs <= Math.max(token.lifetimeMs ?? dayMs, pauseMs);
}

/** What was left of a token at first sight is no lifetime here: it would make the warning late. */
function knownLifetimeMs({ provider }: ProviderContext, { memory }: AssessedToken): number | null {
  const { expiresInMs, observedLifetimesMs } = memory;
  if (expiresInMs !== null) return expiresInMs;
  if (observedLifetimesMs.length > 0) return Math.max(...observedLifetimesMs);
  return provider.declaredLifetimeMs;
}

function isExpired({ expiresAtMs }: AssessedToken, nowMs: number): boolean {
  return expiresAtMs !== null && nowMs - expiresAtMs > expiryLeewayMs;
}
