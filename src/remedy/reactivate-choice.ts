import type { SwitchEvent } from '../store/switch-events.js';
import type { JudgedToken } from './judged-token.js';
import { mustReconnect, reconnectNeed } from './reconnect-need.js';

/** Which rows a person wants switched on again. */
export type ReactivateSelector =
  | { readonly kind: 'token'; readonly id: string }
  | { readonly kind: 'user'; readonly subject: string }
  /** Inactive although the access token is valid. */
  | { readonly kind: 'falsely_deactivated' }
  /** What `deactivate` switched off, by the ledger. */
  | { readonly kind: 'undo' };

export type ReactivateStep =
  /** Switched on, then refreshed to prove its grant; switched off again where that fails. */
  | { readonly kind: 'prove' }
  | { readonly kind: 'switch_on'; readonly because: 'undo' | 'forced' }
  | { readonly kind: 'leave'; readonly because: string };

/**
 * Decides about one row at `nowMs`; null: it is not meant, or it is on.
 *
 * A row that an earlier try left switched on, because the process ended, is proven again: nobody
 * knows of it whether its grant lives. `canRefresh` is whether a refresh can be tried.
 */
export function chooseReactivation(
  token: JudgedToken,
  last: SwitchEvent | null,
  selector: ReactivateSelector,
  options: { readonly canRefresh: boolean; readonly force: boolean },
  nowMs: number,
): ReactivateStep | null {
  const wasInterrupted = token.row.active && last?.event === 'reactivation_tried';
  if (token.row.active && !wasInterrupted) return null;
  const reason = reconnectNeed(
    { ...token, row: { ...token.row, active: false } },
    null,
    nowMs,
  )?.reason;
  switch (selector.kind) {
    case 'token':
      if (token.row.id !== selector.id) return null;
      break;
    case 'user':
      if (token.row.subject !== selector.subject) return null;
      break;
    case 'falsely_deactivated':
      if (reason === 'dead' && !wasInterrupted) {
        const { expiresAtMs } = token.subject;
        return expiresAtMs !== null && expiresAtMs > nowMs
          ? { kind: 'leave', because: 'its grant is dead: the user must authorize again' }
          : null;
      }
      if (reason !== 'inactive_valid' && !wasInterrupted) return null;
      break;
    case 'undo':
      if (last?.event !== 'deactivated_by_hand') return null;
      return { kind: 'switch_on', because: 'undo' };
  }
  if (options.force) return { kind: 'switch_on', because: 'forced' };
  if (reason !== undefined && mustReconnect(reason) && token.row.hasRefreshToken === false) {
    return { kind: 'leave', because: 'no refresh token: the user must authorize again' };
  }
  if (!options.canRefresh) {
    return {
      kind: 'leave',
      because:
        'no refresh is configured, so its grant can not be proven; --force switches it on as it is',
    };
  }
  return { kind: 'prove' };
}
