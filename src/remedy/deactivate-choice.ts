import type { JudgedToken } from './judged-token.js';
import { mustReconnect, reconnectNeed } from './reconnect-need.js';
import type { ReconnectNeed } from './reconnect-need.js';

/** What `deactivate --expired` does with a row that is active and expired. */
export type DeactivateStep =
  /** Proven dead, or a person forces it. */
  | { readonly kind: 'deactivate'; readonly reason: ReconnectNeed['reason'] | 'forced' }
  /** A refresh is tried first. */
  | { readonly kind: 'refresh' }
  | { readonly kind: 'leave'; readonly because: string };

/**
 * Decides about one row at `nowMs`; null: it is inactive, or its access token has not expired.
 *
 * Switching off a row whose grant lives turns a lapse that one refresh mends into a reconnect, since
 * the applications refresh active rows only. `canRefresh` is whether a refresh can still be tried.
 */
export function chooseDeactivation(
  token: JudgedToken,
  options: { readonly canRefresh: boolean; readonly force: boolean },
  nowMs: number,
): DeactivateStep | null {
  const { row, subject } = token;
  if (!row.active || subject.expiresAtMs === null || subject.expiresAtMs >= nowMs) return null;
  const reason = reconnectNeed(token, null, nowMs)?.reason ?? 'expired';
  if (mustReconnect(reason)) return { kind: 'deactivate', reason };
  if (options.canRefresh) return { kind: 'refresh' };
  if (options.force) return { kind: 'deactivate', reason: 'forced' };
  const { suspectedAtMs = null, failureReason = null } = token.memory ?? {};
  if (suspectedAtMs !== null) {
    return { kind: 'leave', because: 'invalid_grant once; run it again when it is confirmed' };
  }
  return {
    kind: 'leave',
    because:
      failureReason !== null && (token.memory?.failures ?? 0) > 0
        ? `not proven dead: its refresh failed (${failureReason})`
        : 'not proven dead: no refresh of it was refused',
  };
}
