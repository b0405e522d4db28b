import { storedWindowMs } from '../observe/stored.js';
import type { ObservedStored } from '../observe/stored.js';
import type { Reading } from '../observe/reading.js';

/** Whether syncs that succeed bring anything. For information: it may be that nothing happened. */
export interface StoredAssessment {
  /** null: within the last seven days nothing was stored. */
  readonly lastStoredAtMs: number | null;
  /** From the newest item to the newest success; null: no run succeeded in the last seven days. */
  readonly nothingStoredMs: number | null;
  /** Runs that succeeded since. */
  readonly successes: number;
}

/** Says what was observed of it at `now`; what this poll could not see stays as it was. */
export function assessStored(
  observed: Reading<ObservedStored> | null | undefined,
  previous: StoredAssessment | null,
  now: Date,
): StoredAssessment | null {
  if (observed?.known !== true) return previous;
  const { lastStoredAtMs, lastSuccessAtMs, successes } = observed.value;
  const storedMs = lastStoredAtMs ?? now.getTime() - storedWindowMs;
  const nothingStoredMs = lastSuccessAtMs === null ? null : Math.max(0, lastSuccessAtMs - storedMs);
  return { lastStoredAtMs, nothingStoredMs, successes };
}

/** A day without anything is worth a word to whoever looks, and no more. */
const worthTellingMs = 86_400_000;

/** Whether to mention that syncs succeed and nothing is stored. */
export function storesNothing({ nothingStoredMs }: StoredAssessment): boolean {
  return nothingStoredMs !== null && nothingStoredMs >= worthTellingMs;
}
