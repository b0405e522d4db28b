import { chooseCanary, chooseDue } from './choose-due.js';
import type { CanaryCandidate, DueToken } from './choose-due.js';
import { createDueQueue } from './due-queue.js';
import type { DueQueue } from './due-queue.js';
import type { Admission } from './provider-health.js';

/** What a poll found due, and when. */
export interface DueWork {
  readonly observedAt: Date;
  readonly due: readonly DueToken[];
  /** Tokens that may be tried to find out whether the provider works. */
  readonly candidates: readonly CanaryCandidate[];
}

/** What is left of it. */
export interface OpenWork extends DueWork {
  readonly queue: DueQueue;
  /** Others take from it too: some of the first were theirs already. */
  isShared: boolean;
}

/** Begins with what a poll found; others may have begun too. */
export function openWork(found: DueWork): OpenWork {
  return { ...found, queue: createDueQueue(found.due), isShared: true };
}

/** What may be tried next, the most urgent first, as far as the provider's health lets it. */
export function chooseFrom(
  { queue, candidates }: OpenWork,
  allowed: Admission,
  limit: number,
): readonly string[] {
  switch (allowed.kind) {
    case 'all':
      return queue.first(limit);
    case 'canary': {
      const open = candidates.filter(({ tokenId }) => !queue.isHandled(tokenId));
      const canary = chooseCanary(open, allowed.prefer);
      return canary === null ? [] : [canary.tokenId];
    }
    case 'fresh':
    case 'first':
    case 'none':
      return chooseDue(queue.waiting(), allowed, limit).map(({ tokenId }) => tokenId);
  }
}
