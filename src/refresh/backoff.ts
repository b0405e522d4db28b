const secondMs = 1000;
const minuteMs = 60 * secondMs;

const firstBackoffMs = 30 * secondMs;
const shortestCapMs = 30 * secondMs;
const longestCapMs = 60 * minuteMs;
const capAfterExpiryMs = 15 * minuteMs;

/** Why a token is not tried at once again. Persisted, so that a restart does not forget it. */
export interface Backoff {
  /** Failures in a row, at least 1. */
  readonly failures: number;
  readonly failedAtMs: number;
  readonly notBeforeMs: number;
  /** Of the refresh token that was used. */
  readonly fingerprint: string | null;
  /** Of the provider's configuration that was used. */
  readonly configurationFingerprint: string | null;
}

/** How things stand now; null where it is not known, which ends no backoff. */
export interface BackoffContext {
  /** The last refresh that succeeded, ours or anyone's. */
  readonly succeededAtMs: number | null;
  readonly fingerprint: string | null;
  readonly configurationFingerprint: string | null;
}

export type BackoffEnd = 'succeeded' | 'refresh_token_changed' | 'configuration_changed';

/**
 * How long to wait after the `failures`th failure in a row: 30 s, doubling, at most the cap, times
 * a factor between a half and 1 that `random` (0..1) picks.
 *
 * The cap comes before the factor: tokens that all wait for the longest time would otherwise come
 * back in the same second.
 */
export function backoffMs(failures: number, remainingMs: number | null, random: number): number {
  const doubledMs = firstBackoffMs * 2 ** (Math.max(1, failures) - 1);
  return Math.min(doubledMs, backoffCapMs(remainingMs)) * (0.5 + random / 2);
}

/**
 * The longest wait: a quarter of what is left of the access token, so that several more attempts
 * fit in before it expires, but between 30 s and 1 h; 15 min once it has expired. A token whose
 * expiry nobody knows may have expired.
 */
export function backoffCapMs(remainingMs: number | null): number {
  if (remainingMs === null || remainingMs < 0) return capAfterExpiryMs;
  return Math.min(Math.max(remainingMs / 4, shortestCapMs), longestCapMs);
}

/**
 * Why a backoff no longer holds, before its time is up; null while it does.
 *
 * Each reason means that the next attempt is another one than the last: what failed then says
 * nothing about it.
 */
export function backoffEnd(backoff: Backoff, current: BackoffContext): BackoffEnd | null {
  const { succeededAtMs } = current;
  if (succeededAtMs !== null && succeededAtMs > backoff.failedAtMs) return 'succeeded';
  if (differs(backoff.fingerprint, current.fingerprint)) return 'refresh_token_changed';
  if (differs(backoff.configurationFingerprint, current.configurationFingerprint)) {
    return 'configuration_changed';
  }
  return null;
}

function differs(then: string | null, now: string | null): boolean {
  return then !== null && now !== null && then !== now;
}
