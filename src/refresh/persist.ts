import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

const firstRetryMs = 1_000;
const longestRetryMs = 15_000;

/**
 * Repeats an attempt until it brings something; null: the process was asked to stop first.
 * `onVain` is called after each attempt that brought nothing.
 */
export type Persist = <T>(
  trouble: string,
  attempt: () => Promise<T | null>,
  onVain?: () => void,
) => Promise<T | null>;

/**
 * What a database owes us is asked for again and again: an answer in hand may hold the only valid
 * token, and a database that is away comes back. `onTrouble` hears of each attempt in vain.
 */
export function createPersist(
  stopping: AbortSignal,
  onTrouble: (message: string, error: unknown) => void,
): Persist {
  // Each token that waits listens to it.
  setMaxListeners(0, stopping);
  return async (trouble, attempt, onVain) => {
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
      try {
        const result = await attempt();
        if (result !== null) return result;
        onTrouble(trouble, null);
      } catch (error) {
        onTrouble(trouble, error);
      }
      if (stopping.aborted) return null;
      onVain?.();
      await delay(waitMs, undefined, { signal: stopping }).catch(() => undefined);
    }
  };
}
