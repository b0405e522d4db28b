import type { AssessedToken } from './assessed-token.js';
import { leadTimeMs } from './refresh-due.js';

const dayMs = 86_400_000;
/** The runbook's incident: everybody's tokens expired within three days. */
export const cliffWindowMs = 3 * dayMs;

/** Tokens that no refresh will save. Dead grants are left out: they have a count of their own. */
export interface Unrefreshed {
  /** Those for which a refresh would be due by now. They have not expired yet. */
  readonly expiring: number;
  /** The most that expire within the same 72 hours, however far ahead these are. */
  readonly cohort: number;
}

/** What tells whether anybody refreshes a token. */
export type UnrefreshedToken = Pick<
  AssessedToken,
  'active' | 'expiresAtMs' | 'hasRefreshToken' | 'grant' | 'lifetimeMs'
> & { readonly memory: Pick<AssessedToken['memory'], 'firstSeenAtMs' | 'expiryMovedAtMs'> };

/**
 * Counts active tokens that will expire because nobody refreshes them: there is no refresh token,
 * or it is not our job and within a lifetime no expiry of the provider was seen to move.
 *
 * EXPIRING SOON alone is no reason: every healthy token that lives a day is.
 */
export function assessUnrefreshed(
  tokens: readonly UnrefreshedToken[],
  refreshedByUs: boolean,
  nowMs: number,
  pollIntervalMs: number,
): Unrefreshed {
  const refreshed = refreshedByUs || tokens.some((token) => movedWithinLifetime(token, nowMs));
  const expiries: number[] = [];
  let expiring = 0;
  for (const token of tokens) {
    const { active, expiresAtMs, grant, hasRefreshToken, lifetimeMs } = token;
    if (!active || grant === 'dead') continue;
    if (expiresAtMs === null || expiresAtMs <= nowMs || expiresAtMs === Infinity) continue;
    const lost = hasRefreshToken === false || (!refreshed && isWatchedLongEnough(token, nowMs));
    if (!lost) continue;
    expiries.push(expiresAtMs);
    if (nowMs >= expiresAtMs - leadTimeMs(lifetimeMs, pollIntervalMs)) expiring += 1;
  }
  return { expiring, cohort: largestCohort(expiries, cliffWindowMs) };
}

/** The most of `instants` that lie less than `windowMs` apart. */
export function largestCohort(instants: readonly number[], windowMs: number): number {
  const sorted = Float64Array.from(instants).sort();
  let first = 0;
  let largest = 0;
  for (const [last, instant] of sorted.entries()) {
    while (instant - (sorted[first] ?? instant) >= windowMs) first += 1;
    largest = Math.max(largest, last - first + 1);
  }
  return largest;
}

/** A sign that somebody refreshes the provider's tokens. One older than a lifetime says nothing. */
function movedWithinLifetime({ memory, lifetimeMs }: UnrefreshedToken, nowMs: number): boolean {
  const { expiryMovedAtMs } = memory;
  return expiryMovedAtMs !== null && nowMs - expiryMovedAtMs <= (lifetimeMs ?? Infinity);
}

/**
 * Nobody can have been seen yet right after the first poll: a day is waited for, or a lifetime where
 * that is shorter.
 */
function isWatchedLongEnough({ memory, lifetimeMs }: UnrefreshedToken, nowMs: number): boolean {
  return nowMs - memory.firstSeenAtMs >= Math.min(lifetimeMs ?? dayMs, dayMs);
}
