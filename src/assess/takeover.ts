/** An owner that was unseen for so long is not coming back by itself. */
export const takeoverAfterMs = 15 * 60_000;

/** A claim of somebody else's journal. */
export interface ForeignClaim {
  /** How long the heartbeat of its journal has stood still during successful polls of ours. */
  readonly unseenMs: number;
  /** Of the access token when it was claimed; null: none is recorded. */
  readonly expiresAtMs: number | null;
}

/** Whether another journal's claim may be taken from it, and why not. */
export type TakeoverDecision =
  | { readonly takeOver: true }
  | { readonly takeOver: false; readonly because: 'owner_seen' | 'not_expired' | 'no_expiry' };

/**
 * Decides whether a claim is taken from a journal whose owner is silent.
 *
 * The journal may hold the only valid refresh token, and what it holds is lost when the old one is
 * sent again. So that is not risked before the access token has expired: until then waiting costs
 * nobody anything. Without a recorded expiry nobody can tell, and a person decides.
 */
export function decideTakeover(
  { unseenMs, expiresAtMs }: ForeignClaim,
  nowMs: number,
): TakeoverDecision {
  if (unseenMs < takeoverAfterMs) return { takeOver: false, because: 'owner_seen' };
  if (expiresAtMs === null) return { takeOver: false, because: 'no_expiry' };
  if (nowMs <= expiresAtMs) return { takeOver: false, because: 'not_expired' };
  return { takeOver: true };
}
