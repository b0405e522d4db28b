import type { AssessedToken } from '../assess/assessed-token.js';
import type { WatchBaseline } from './baseline.js';
import { instant, plain } from './finding.js';

/** How many tokens of a provider are followed until one has lived through its life. */
const mostFollowed = 50;

/** A token whose expiry moved. */
export interface FollowedToken {
  readonly id: string;
  /** The expiry before its first move. */
  readonly oldExpiresAtMs: number;
  readonly expiresAtMs: number;
  readonly moves: number;
  readonly movedAtMs: number;
}

/** Whether a full life of a token was seen: it decides whether the watch could have seen a fault. */
export interface Lifecycles {
  /** In words; null: none yet. */
  readonly seen: string | null;
  readonly followed: readonly FollowedToken[];
}

export const noLifecycle: Lifecycles = { seen: null, followed: [] };

/**
 * Follows the expiries of tokens that were active at the baseline.
 *
 * A full lifecycle is two forward moves of one token's expiry, or one move and the passing of the
 * expiry before it: the application lived on without what it had. After the first nothing is
 * followed any more.
 */
export function followLifecycles(
  before: Lifecycles,
  { atMs: baselineAtMs, providers }: WatchBaseline,
  provider: string,
  tokens: readonly AssessedToken[],
  nowMs: number,
): Lifecycles {
  if (before.seen !== null) return before;
  const now = new Map(tokens.filter(({ active }) => active).map((each) => [each.tokenId, each]));
  const followed: FollowedToken[] = [];
  const known = new Set<string>();
  for (const token of before.followed) {
    known.add(token.id);
    const current = now.get(token.id)?.expiresAtMs ?? null;
    if (current !== null) followed.push(move(token, current, nowMs));
  }
  for (const { id, expiresAtMs } of providers[provider]?.active ?? []) {
    if (followed.length >= mostFollowed) break;
    if (expiresAtMs === null || known.has(id)) continue;
    const current = now.get(id)?.expiresAtMs ?? null;
    if (current === null || current <= expiresAtMs) continue;
    const first = { id, oldExpiresAtMs: expiresAtMs, expiresAtMs, moves: 0, movedAtMs: nowMs };
    followed.push(move(first, current, nowMs));
  }
  for (const token of followed) {
    const seen = fullLife(token, baselineAtMs, nowMs);
    if (seen !== null) return { seen, followed: [] };
  }
  return { seen: null, followed };
}

function move(token: FollowedToken, expiresAtMs: number, nowMs: number): FollowedToken {
  if (expiresAtMs === token.expiresAtMs) return token;
  return expiresAtMs > token.expiresAtMs
    ? { ...token, expiresAtMs, moves: token.moves + 1, movedAtMs: nowMs }
    : { ...token, expiresAtMs };
}

function fullLife(token: FollowedToken, baselineAtMs: number, nowMs: number): string | null {
  const { id, moves, movedAtMs, oldExpiresAtMs, expiresAtMs } = token;
  if (moves >= 2)
    return `the expiry of token ${plain(id)} moved forward twice by ${instant(movedAtMs)}`;
  const passed = oldExpiresAtMs > baselineAtMs && nowMs > oldExpiresAtMs && expiresAtMs > nowMs;
  if (moves !== 1 || !passed) return null;
  return `the expiry of token ${plain(id)} moved forward by ${instant(movedAtMs)}, and the one before it passed at ${instant(oldExpiresAtMs)}`;
}
