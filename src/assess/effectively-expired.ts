/** How far past its expiry a token may be before anyone calls it an outage: clocks differ. */
export const expiryLeewayMs = 60_000;

/** What makes an expired access token somebody's problem. */
export interface ExpiredTokenContext {
  readonly active: boolean;
  readonly expiresAtMs: number | null;
  /** We are the ones who keep this token alive. */
  readonly refreshedByUs: boolean;
  /** The last sync of its owner failed because of the token. */
  readonly syncFailedForAuth: boolean;
}

/**
 * Whether a token's expiry is an outage: active, past its expiry by more than a minute, and either
 * refreshing it is our job or a sync failed for it.
 *
 * An application that refreshes on use leaves its idle tokens expired; they may lie in peace.
 */
export function isEffectivelyExpired(token: ExpiredTokenContext, nowMs: number): boolean {
  const { active, expiresAtMs, refreshedByUs, syncFailedForAuth } = token;
  if (!active || expiresAtMs === null) return false;
  return nowMs - expiresAtMs > expiryLeewayMs && (refreshedByUs || syncFailedForAuth);
}
