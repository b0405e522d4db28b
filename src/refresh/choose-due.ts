import type { Admission } from './provider-health.js';

/** What the order of refreshing is decided by. */
export interface DueToken {
  readonly tokenId: string;
  readonly dueAtMs: number;
  /** null: none is recorded. */
  readonly expiresAtMs: number | null;
  /** The last refresh that succeeded, ours or seen. */
  readonly refreshedAtMs: number | null;
  /** The last attempt failed, and nothing has succeeded since. */
  readonly failedLastTime: boolean;
}

/** A token that may be asked instead of a due one, to find out whether its provider works. */
export type CanaryCandidate = Omit<DueToken, 'dueAtMs'>;

/**
 * Which of the due tokens to refresh now, in this order, at most `limit`.
 *
 * Tokens that failed last time come last: in a neglected table the oldest expiries are often the
 * dead ones, and they must not keep the live ones waiting. Then the earliest expiry comes first.
 *
 * `fresh` admits one that has not failed, the one most likely to be alive; `first` the same, or one
 * that failed where there is no other; `canary` admits none of them as such: `chooseCanary` looks
 * among all tokens.
 */
export function chooseDue(
  due: readonly DueToken[],
  admission: Admission,
  limit: number,
): readonly DueToken[] {
  switch (admission.kind) {
    case 'all':
      return [...due].sort(byUrgency).slice(0, Math.max(0, limit));
    case 'fresh': {
      const fresh = due.filter(({ failedLastTime }) => !failedLastTime).sort(byLiveliness);
      return fresh.slice(0, Math.min(1, limit));
    }
    case 'first':
      return [...due].sort(byFailureThenLiveliness).slice(0, Math.min(1, limit));
    case 'canary':
    case 'none':
      return [];
  }
}

/**
 * The token to try while the breaker is open: `prefer` where it is among the candidates, else the
 * one refreshed most recently, never one that failed last time while there is another. null when
 * there are none.
 *
 * Candidates are the tokens that `decideRefresh` calls due, `not_yet` or `backing_off`: not
 * dead, not disabled, with something to send. Where every one of them failed last time the most
 * recently refreshed is taken all the same: a provider of three users would otherwise never be
 * asked again.
 */
export function chooseCanary<T extends CanaryCandidate>(
  candidates: readonly T[],
  prefer: string | null,
): T | null {
  const preferred = candidates.find(({ tokenId }) => tokenId === prefer);
  return preferred ?? [...candidates].sort(byFailureThenLiveliness)[0] ?? null;
}

function byUrgency(a: DueToken, b: DueToken): number {
  return (
    Number(a.failedLastTime) - Number(b.failedLastTime) ||
    ascending(a.expiresAtMs ?? a.dueAtMs, b.expiresAtMs ?? b.dueAtMs) ||
    byId(a, b)
  );
}

function byFailureThenLiveliness(a: CanaryCandidate, b: CanaryCandidate): number {
  return Number(a.failedLastTime) - Number(b.failedLastTime) || byLiveliness(a, b);
}

/** The most recent refresh first; among those never refreshed by us, the latest expiry. */
function byLiveliness(a: CanaryCandidate, b: CanaryCandidate): number {
  return (
    ascending(b.refreshedAtMs ?? -Infinity, a.refreshedAtMs ?? -Infinity) ||
    ascending(b.expiresAtMs ?? -Infinity, a.expiresAtMs ?? -Infinity) ||
    byId(a, b)
  );
}

/** Not a subtraction: the difference of two infinities is not a number. */
function ascending(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Any order will do, as long as it is the same one each time. */
function byId(a: { readonly tokenId: string }, b: { readonly tokenId: string }): number {
  return a.tokenId === b.tokenId ? 0 : a.tokenId < b.tokenId ? -1 : 1;
}
