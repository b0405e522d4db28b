import type { ChangeEvent, SeenToken, TokenChange } from '../store/record-changes.js';
import type { TokenMemory } from '../store/token-memory.js';
import { observedLifetime } from './lifetime.js';
import { runAtOnce, sliceSize } from './slices.js';
import type { Slices } from './slices.js';

/**
 * Finds what changed since the last poll, a step at a time: a large table is compared without
 * keeping everything else waiting.
 *
 * A token that is claimed is left out: its refresh is under way, and what it writes is no foreign
 * move. So is one that we refreshed after `observedAt`: the snapshot is older than our own
 * knowledge. `seen` must be complete, or tokens would seem to disappear.
 */
export function* stepThroughTokenChanges(
  memory: ReadonlyMap<string, TokenMemory>,
  seen: readonly SeenToken[],
  observedAt: Date,
): Slices<TokenChange[]> {
  const changes: TokenChange[] = [];
  const seenIds = new Set<string>();
  let steps = 0;
  for (const token of seen) {
    seenIds.add(token.id);
    const change = changeOf(memory.get(token.id), token, observedAt);
    if (change !== null) changes.push(change);
    if ((steps += 1) % sliceSize === 0) yield;
  }
  for (const before of memory.values()) {
    const isGone = before.goneAtMs === null && !seenIds.has(before.tokenId);
    if (isGone && !isOurs(before, observedAt)) changes.push(disappeared(before.tokenId));
    if ((steps += 1) % sliceSize === 0) yield;
  }
  return changes;
}

/** The same at once. */
export function findTokenChanges(
  ...of: Parameters<typeof stepThroughTokenChanges>
): readonly TokenChange[] {
  return runAtOnce(stepThroughTokenChanges(...of));
}

function changeOf(
  before: TokenMemory | undefined,
  token: SeenToken,
  observedAt: Date,
): TokenChange | null {
  if (before === undefined) {
    return { id: token.id, events: ['first_seen'], seen: token, lifetimeMs: null };
  }
  if (isOurs(before, observedAt)) return null;
  const events = compare(before, token);
  if (events.length === 0) return null;
  return {
    id: token.id,
    events,
    seen: token,
    lifetimeMs: observedLifetime(before.expiresAtMs, token.expiresAtMs, observedAt.getTime()),
  };
}

function disappeared(id: string): TokenChange {
  return { id, events: ['disappeared'], seen: null, lifetimeMs: null };
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
