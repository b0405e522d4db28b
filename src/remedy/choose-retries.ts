import type { ProviderAssessment } from '../assess/assess-provider.js';
import { isAuthFailure } from '../assess/sync-failures.js';

/** A failed sync whose token has been repaired since. */
export interface RepairedSync {
  readonly tokenId: string;
  readonly subject: string;
  readonly failedAtMs: number;
}

/**
 * Chooses the syncs to ask for again: the last one failed for auth, nothing succeeded since, and our
 * own refresh came after it.
 *
 * What is to be retried follows from what is known, not from the refresh that just happened: so a
 * restart between the two forgets nothing.
 */
export function chooseRetries({
  syncFailures,
  grants,
}: Pick<ProviderAssessment, 'syncFailures' | 'grants'>): RepairedSync[] {
  if (syncFailures === null || syncFailures.byToken.size === 0) return [];
  return (grants?.tokens ?? []).flatMap(({ tokenId, active, grant, memory }) => {
    const failure = syncFailures.byToken.get(tokenId);
    if (failure === undefined || !isAuthFailure(failure.reason)) return [];
    const isRepaired = memory.refreshedAtMs !== null && memory.refreshedAtMs > failure.atMs;
    if (!isRepaired || !active || grant === 'dead') return [];
    return [{ tokenId, subject: failure.subject, failedAtMs: failure.atMs }];
  });
}
