/** State of a grant: the authorization behind a token, as opposed to the access token itself. */
export const grantStates = ['live', 'at_risk', 'dead', 'disabled', 'unknown'] as const;
export type GrantState = (typeof grantStates)[number];

/** Everything a grant is judged by. Instants are by the database's clock; null: never, or unknown. */
export interface GrantEvidence {
  /** The row is gone from the application's table. */
  readonly goneAtMs: number | null;
  readonly active: boolean;
  /** null: this role may not see whether there is one. */
  readonly hasRefreshToken: boolean | null;
  /** Our own last successful refresh. */
  readonly refreshedAtMs: number | null;
  /** The expiry was last seen to move forward, whoever moved it. */
  readonly expiryMovedAtMs: number | null;
  /**
   * The last attempt that brought no tokens. One whose answer was never seen counts too, one that
   * was superseded does not.
   */
  readonly failedAtMs: number | null;
  /** A second `invalid_grant` confirmed the first. */
  readonly deadSinceMs: number | null;
  /** Of the refresh token at the last attempt. */
  readonly fingerprint: string | null;
  /** Of the refresh token in the row now. */
  readonly currentFingerprint: string | null;
}

/**
 * Judges a grant; the first that matches wins:
 *
 * - `disabled`: the row is gone or inactive. Never refreshed automatically.
 * - `dead`: `invalid_grant`, confirmed on the refresh token that is still there. The user must
 *   authorize again.
 * - `unknown`: no refresh token, or nothing was ever seen of this grant.
 * - `at_risk`: the last attempt failed, and nothing has succeeded since.
 * - `live`: a refresh succeeded, or the expiry was seen to move forward.
 *
 * The access token's expiry is no evidence: an expired token with a live grant needs one refresh.
 */
export function grantState(evidence: GrantEvidence): GrantState {
  if (evidence.goneAtMs !== null || !evidence.active) return 'disabled';
  if (isDead(evidence)) return 'dead';
  const { hasRefreshToken, failedAtMs } = evidence;
  const succeededAtMs = lastSuccessAtMs(evidence);
  if (hasRefreshToken === false) return 'unknown';
  if (failedAtMs === null) return succeededAtMs === null ? 'unknown' : 'live';
  return succeededAtMs !== null && succeededAtMs > failedAtMs ? 'live' : 'at_risk';
}

/**
 * Whether a row was switched off although its access token is still valid: the sign of a
 * refresher that lost a race, took the 400 for a revocation and disabled a healthy grant.
 */
export function isFalselyDeactivated(
  row: { readonly active: boolean; readonly expiresAtMs: number | null },
  nowMs: number,
): boolean {
  return !row.active && row.expiresAtMs !== null && row.expiresAtMs > nowMs;
}

/** The last sign of life: our own refresh, or anyone's. */
function lastSuccessAtMs({ refreshedAtMs, expiryMovedAtMs }: GrantEvidence): number | null {
  if (refreshedAtMs === null) return expiryMovedAtMs;
  return expiryMovedAtMs === null ? refreshedAtMs : Math.max(refreshedAtMs, expiryMovedAtMs);
}

/**
 * Death ends with another refresh token, or with any later success: a grant that brought an
 * access token is not dead, and polls see an expiry move where they may not see a secret change.
 */
function isDead(evidence: GrantEvidence): boolean {
  const { deadSinceMs, fingerprint, currentFingerprint } = evidence;
  if (deadSinceMs === null) return false;
  if (currentFingerprint !== null && currentFingerprint !== fingerprint) return false;
  const succeededAtMs = lastSuccessAtMs(evidence);
  return succeededAtMs === null || succeededAtMs <= deadSinceMs;
}
