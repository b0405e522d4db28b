import { setTimeout as delay } from 'node:timers/promises';

const firstRetryMs = 1_000;
const longestRetryMs = 15_000;

/** Repeats an attempt until it brings something; null: the process was asked to stop first. */
export type Persist = <T>(trouble: string, attempt: () => Promise<T | null>) => Promise<T | null>;

/**
 * What a database owes us is asked for again and again: an answer in hand may hold the only valid
 * token, and a database that is away comes back. `onTrouble` hears of each attempt in vain.
 */
export function createPersist(
  stopping: AbortSignal,
  onTrouble: (message: string, error: unknown) => void,
): Persist {
  return async (trouble, attempt) => {
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
      try {
        const result = await attempt();
        if (result !== null) return result;
        onTrouble(trouble, null);
      } catch (error) {
        onTrouble(trouble, error);
      }
      if (stopping.aborted) return null;
      await delay(waitMs, undefined, { signal: stopping }).catch(() => undefined);
    }
  };
}
