import { storedWindowMs } from '../observe/stored.js';
import type { ObservedStored } from '../observe/stored.js';
import type { Reading } from '../observe/reading.js';

/** Whether syncs that succeed bring anything. For information: it may be that nothing happened. */
export interface StoredAssessment {
  /** null: within the last seven days nothing was stored. */
  readonly lastStoredAtMs: number | null;
  /**
   * From the newest item to the newest success, seven days where it is that or more; null: no run
   * succeeded in these days.
   */
  readonly nothingStoredMs: number | null;
  /** Runs that succeeded since. */
  readonly successes: number;
}

/** Says what was observed of it; what this poll could not see stays as it was. */
export function assessStored(
  observed: Reading<ObservedStored> | null | undefined,
  previous: StoredAssessment | null,
): StoredAssessment | null {
  if (observed?.known !== true) return previous;
  const { lastStoredAtMs, lastSuccessAtMs, successes } = observed.value;
  return {
    lastStoredAtMs,
    nothingStoredMs: nothingStored(lastStoredAtMs, lastSuccessAtMs),
    successes,
  };
}

function nothingStored(storedAtMs: number | null, successAtMs: number | null): number | null {
  if (successAtMs === null) return null;
  return storedAtMs === null ? storedWindowMs : Math.max(0, successAtMs - storedAtMs);
}

/** A day without anything is worth a word to whoever looks, and no more. */
const worthTellingMs = 86_400_000;

/** Whether to mention that syncs succeed and nothing is stored. */
export function storesNothing({ nothingStoredMs }: StoredAssessment): boolean {
  return nothingStoredMs !== null && nothingStoredMs >= worthTellingMs;
}
