import { rememberedMoves } from '../store/remembered-moves.js';

/** Where a lifetime came from, the most trustworthy first. */
export const lifetimeSources = ['expires_in', 'observed', 'declared', 'first_seen'] as const;
export type LifetimeSource = (typeof lifetimeSources)[number];

/** How long an access token lives from the moment it is issued, and how we know. */
export interface Lifetime {
  readonly lifetimeMs: number;
  readonly source: LifetimeSource;
}

/** What is known that tells a token's lifetime; null where nothing is. */
export interface LifetimeEvidence {
  /** `expires_in` of our own last refresh. */
  readonly expiresInMs: number | null;
  /** How far ahead of `now` each forward move put the expiry, oldest first. */
  readonly observedLifetimesMs: readonly number[];
  /** What the provider documents, as configured. */
  readonly declaredLifetimeMs: number | null;
  readonly expiresAtMs: number | null;
  readonly firstSeenAtMs: number | null;
}

/**
 * Chooses the lifetime to reckon with: our own last `expires_in`, else the largest one observed,
 * else the declared one, else what was left of the token when it was first seen; null when none
 * of them is known.
 *
 * The largest observed one, because each is seen up to a poll late and therefore too short. What
 * was left at first sight comes last, since nobody knows how old the token was by then.
 */
export function chooseLifetime(evidence: LifetimeEvidence): Lifetime | null {
  const { expiresInMs, observedLifetimesMs, declaredLifetimeMs } = evidence;
  return (
    lifetime(expiresInMs, 'expires_in') ??
    lifetime(Math.max(...observedLifetimesMs.slice(-rememberedMoves)), 'observed') ??
    lifetime(declaredLifetimeMs, 'declared') ??
    lifetime(remainingAtFirstSight(evidence), 'first_seen')
  );
}

/**
 * The lifetime that a move of the expiry shows: the new expiry minus the moment it was seen. null
 * when the expiry did not move forward, or shows nothing because it is infinite or past.
 *
 * Not the distance of the move: after a lapse of ten days that would make a one-hour token look
 * as if it lived for ten days, and it would be due all the time.
 */
export function observedLifetime(
  previousExpiresAtMs: number | null,
  expiresAtMs: number | null,
  seenAtMs: number,
): number | null {
  if (previousExpiresAtMs === null || expiresAtMs === null) return null;
  if (expiresAtMs <= previousExpiresAtMs) return null;
  return lifetime(expiresAtMs - seenAtMs, 'observed')?.lifetimeMs ?? null;
}

/**
 * Whether a lifetime is too short for the polls to keep up with: less than four polls. A
 * declared one is then a configuration error, an observed one a warning.
 */
export function isTooShortToPoll(lifetimeMs: number, pollIntervalMs: number): boolean {
  return lifetimeMs < 4 * pollIntervalMs;
}

function remainingAtFirstSight({ expiresAtMs, firstSeenAtMs }: LifetimeEvidence): number | null {
  return expiresAtMs === null || firstSeenAtMs === null ? null : expiresAtMs - firstSeenAtMs;
}

/** A lifetime is a positive, finite duration; anything else says nothing. */
function lifetime(ms: number | null, source: LifetimeSource): Lifetime | null {
  return ms !== null && ms > 0 && Number.isFinite(ms) ? { lifetimeMs: ms, source } : null;
}
