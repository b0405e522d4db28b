import { syncFailureReasons } from '../config/sync-config.js';
import type { FailurePattern, SyncFailureReason } from '../config/sync-config.js';
import type { ObservedSyncFailure } from '../observe/sync-failures.js';

/** The last sync of a token, where it failed. Of its message only the reason is left. */
export interface SyncFailure {
  readonly subject: string;
  readonly atMs: number;
  readonly reason: SyncFailureReason;
}

/** Active tokens whose last sync failed. */
export interface SyncFailures {
  readonly byReason: Readonly<Record<SyncFailureReason, number>>;
  readonly byToken: ReadonlyMap<string, SyncFailure>;
}

/** Says why a sync failed: the reason of the first pattern that its message matches. */
export function classifySyncFailure(
  message: string | null,
  patterns: readonly FailurePattern[],
): SyncFailureReason {
  return patterns.find(({ pattern }) => pattern.test(message ?? ''))?.reason ?? 'other';
}

/** Whether only a token that works would help: a refresh, or else the user's authorization. */
export function isAuthFailure(reason: SyncFailureReason): boolean {
  return reason === 'auth' || reason === 'reauthorize';
}

/**
 * Classifies what failed since each token's last success; `observed` has the newest first.
 *
 * What is benign hides nothing: "a sync is under way already" does not undo the failure before it.
 */
export function assessSyncFailures(
  observed: readonly ObservedSyncFailure[],
  patterns: readonly FailurePattern[],
): SyncFailures {
  const byToken = new Map<string, SyncFailure>();
  for (const { tokenId, subject, atMs, message } of observed) {
    const known = byToken.get(tokenId);
    if (known !== undefined && known.reason !== 'benign') continue;
    const reason = classifySyncFailure(message, patterns);
    if (known === undefined || reason !== 'benign') byToken.set(tokenId, { subject, atMs, reason });
  }
  const reasons = [...byToken.values()].map(({ reason }) => reason);
  const byReason = Object.fromEntries(
    syncFailureReasons.map((wanted) => [wanted, reasons.filter((each) => each === wanted).length]),
  ) as Record<SyncFailureReason, number>;
  return { byReason, byToken };
}

/** When the last sync of a token failed for auth; null: it did not. */
export function syncAuthFailedAtMs(failures: SyncFailures | null, tokenId: string): number | null {
  const failure = failures?.byToken.get(tokenId);
  return failure !== undefined && isAuthFailure(failure.reason) ? failure.atMs : null;
}
