import { isFalselyDeactivated } from '../assess/grant-state.js';
import { judgeGrant } from '../assess/refresh-subject.js';
import type { JudgedToken } from './judged-token.js';

/** Why somebody is asked to authorize again. The first two are proven, the others may be mended. */
export const reconnectReasons = [
  /** `invalid_grant`, confirmed on the refresh token that is still there; switched off or not. */
  'dead',
  /** The access token has expired and nothing is there to refresh it with. */
  'no_refresh_token',
  /** The access token has expired; a refresh may mend it. */
  'expired',
  /** Switched off, and not known to be valid. */
  'inactive',
  /** Switched off while its access token was valid, which a lost race does. */
  'inactive_valid',
] as const;
export type ReconnectReason = (typeof reconnectReasons)[number];

export interface ReconnectNeed {
  readonly reason: ReconnectReason;
  /** Epoch milliseconds by the database's clock; null: not known. */
  readonly sinceMs: number | null;
}

/**
 * Says why the user behind a token would have to authorize again at `nowMs`; null: nothing is wrong.
 *
 * The application's own flag hides nothing here: it is switched off exactly when a refresh fails, so
 * a dead grant in an inactive row is dead, and an inactive row that is valid is on the list.
 */
export function reconnectNeed(
  token: JudgedToken,
  switchedOffAtMs: number | null,
  nowMs: number,
): ReconnectNeed | null {
  const { row, subject } = token;
  if (isProvenDead(token)) return { reason: 'dead', sinceMs: token.memory?.deadSinceMs ?? null };
  const { expiresAtMs } = subject;
  const isExpired = expiresAtMs !== null && expiresAtMs < nowMs;
  if (isExpired && row.hasRefreshToken === false) {
    return { reason: 'no_refresh_token', sinceMs: expiresAtMs };
  }
  if (!row.active) {
    const isValid = isFalselyDeactivated({ active: false, expiresAtMs }, nowMs);
    return { reason: isValid ? 'inactive_valid' : 'inactive', sinceMs: switchedOffAtMs };
  }
  return isExpired ? { reason: 'expired', sinceMs: expiresAtMs } : null;
}

/** Whether only the user can help: no refresh can. */
export function mustReconnect(reason: ReconnectReason): boolean {
  switch (reason) {
    case 'dead':
    case 'no_refresh_token':
      return true;
    case 'expired':
    case 'inactive':
    case 'inactive_valid':
      return false;
  }
}

/** The grant's own state, whether or not the row is switched on. */
function isProvenDead({ memory, row }: JudgedToken): boolean {
  if (memory === null) return false;
  return (
    judgeGrant(memory, {
      active: true,
      expiresAtMs: row.expiresAtMs,
      hasRefreshToken: row.hasRefreshToken,
      currentFingerprint: null,
      syncAuthFailedAtMs: null,
    }) === 'dead'
  );
}
