const secondMs = 1000;
const minuteMs = 60 * secondMs;

const firstBackoffMs = 30 * secondMs;
const shortestCapMs = 30 * secondMs;
const longestCapMs = 60 * minuteMs;
const capAfterExpiryMs = 15 * minuteMs;

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
