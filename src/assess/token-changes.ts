import type { ChangeEvent, SeenToken, TokenChange } from '../store/record-changes.js';
import type { TokenMemory } from '../store/token-memory.js';
import { observedLifetime } from './lifetime.js';

/**
 * Finds what changed since the last poll.
 *
 * A token that is claimed is left out: its refresh is under way, and what it writes is no foreign
 * move. So is one that we refreshed after `observedAt`: the snapshot is older than our own
 * knowledge. `seen` must be complete, or tokens would seem to disappear.
 */
export function findTokenChanges(
  memory: ReadonlyMap<string, TokenMemory>,
  seen: readonly SeenToken[],
  observedAt: Date,
): TokenChange[] {
  const seenIds = new Set(seen.map(({ id }) => id));
  const changed = seen.flatMap((token): TokenChange[] => {
    const before = memory.get(token.id);
    if (before === undefined) {
      return [{ id: token.id, events: ['first_seen'], seen: token, lifetimeMs: null }];
    }
    if (isOurs(before, observedAt)) return [];
    const events = compare(before, token);
    if (events.length === 0) return [];
    return [
      {
        id: token.id,
        events,
        seen: token,
        lifetimeMs: observedLifetime(before.expiresAtMs, token.expiresAtMs, observedAt.getTime()),
      },
    ];
  });
  const gone = [...memory.values()]
    .filter((before) => !seenIds.has(before.tokenId) && before.goneAtMs === null)
    .filter((before) => !isOurs(before, observedAt))
    .map(({ tokenId }): TokenChange => ({
      id: tokenId,
      events: ['disappeared'],
      seen: null,
      lifetimeMs: null,
    }));
  return [...changed, ...gone];
}

function isOurs({ claimedBy, refreshedAtMs }: TokenMemory, observedAt: Date): boolean {
  return claimedBy !== null || (refreshedAtMs !== null && refreshedAtMs >= observedAt.getTime());
}

function compare(before: TokenMemory, token: SeenToken): ChangeEvent[] {
  const events: ChangeEvent[] = [];
  if (before.goneAtMs !== null) events.push('returned');
  if (movedForward(before, token)) {
    events.push(before.deadSinceMs === null ? 'foreign_refresh' : 'reauthorized');
  } else if (before.expiresAtMs !== token.expiresAtMs) events.push('expiry_changed');
  if (before.active && !token.active) events.push('deactivated');
  if (!before.active && token.active) events.push('reactivated');
  return events;
}

function movedForward(before: TokenMemory, token: SeenToken): boolean {
  return (
    before.expiresAtMs !== null &&
    token.expiresAtMs !== null &&
    token.expiresAtMs > before.expiresAtMs
  );
}
