import { chooseDue } from './choose-due.js';
import type { DueToken } from './choose-due.js';

/** What one poll found due, in the order of its urgency, without what has had its turn. */
export interface DueQueue {
  /** The first `limit` that wait. */
  readonly first: (limit: number) => readonly string[];
  /** All that wait. */
  readonly waiting: () => readonly DueToken[];
  readonly isHandled: (tokenId: string) => boolean;
  /** These have had their turn. */
  readonly handle: (tokenIds: readonly string[]) => void;
}

/**
 * Orders what is due once: of many thousands that wait, each claim takes a few from the front, and
 * sorting them all for it would cost more than the rest of the claim.
 */
export function createDueQueue(due: readonly DueToken[]): DueQueue {
  const ordered = chooseDue(due, { kind: 'all' }, due.length);
  const handled = new Set<string>();
  /** Everything before it is handled. */
  let start = 0;
  return {
    first(limit) {
      const found: string[] = [];
      for (let index = start; index < ordered.length && found.length < limit; index += 1) {
        const tokenId = ordered[index]?.tokenId ?? '';
        if (!handled.has(tokenId)) found.push(tokenId);
        else if (index === start) start += 1;
      }
      return found;
    },
    waiting: () => ordered.filter(({ tokenId }) => !handled.has(tokenId)),
    isHandled: (tokenId) => handled.has(tokenId),
    handle(tokenIds) {
      for (const tokenId of tokenIds) handled.add(tokenId);
    },
  };
}
