import type { ExpiryCounts } from '../observe/expiry-counts.js';

/** State of an access token: the runbook's three, and `unknown` where no expiry is recorded. */
export const tokenStatuses = ['valid', 'expiring_soon', 'expired', 'unknown'] as const;
export type TokenStatus = (typeof tokenStatuses)[number];

/** The words that people read. */
export const tokenStatusWords: Readonly<Record<TokenStatus, string>> = {
  valid: 'VALID',
  expiring_soon: 'EXPIRING SOON',
  expired: 'EXPIRED',
  unknown: 'UNKNOWN',
};

/**
 * Classifies one access token as the runbook's CASE does: EXPIRED before `now`, EXPIRING SOON
 * before the end of the window, else VALID; both bounds belong to the later status.
 *
 * A token without a recorded expiry is UNKNOWN, where the CASE would call it VALID.
 */
export function tokenStatus(
  expiresAtMs: number | null,
  now: Date,
  expiringSoonMs: number,
): TokenStatus {
  if (expiresAtMs === null) return 'unknown';
  if (expiresAtMs < now.getTime()) return 'expired';
  return expiresAtMs < now.getTime() + expiringSoonMs ? 'expiring_soon' : 'valid';
}

/** The same classification for counts: by the same bounds, over every row. */
export function countByStatus(counts: ExpiryCounts): Readonly<Record<TokenStatus, number>> {
  return {
    valid: counts.total - counts.withoutExpiry - counts.beforeSoon,
    expiring_soon: counts.beforeSoon - counts.beforeNow,
    expired: counts.beforeNow,
    unknown: counts.withoutExpiry,
  };
}
