import { setTimeout as delay } from 'node:timers/promises';
import { limitInFlight } from '../refresh/limit-in-flight.js';
import type { SyncTarget } from './call-sync-endpoint.js';
import type { SyncAnswer, SyncOutcome } from './sync-answer.js';

/** What came of one user; the last two: nothing was asked, or the answer was not waited for. */
export type SyncedOutcome = SyncOutcome | 'not_tried' | 'interrupted';

export interface SyncedUser<Target> {
  readonly target: Target;
  readonly outcome: SyncedOutcome;
  readonly detail: string;
}

export interface SyncUsersEffects<Target> {
  /** Must not reject. */
  readonly call: (target: Target) => Promise<SyncAnswer>;
  readonly onDone: (user: SyncedUser<Target>) => Promise<void>;
}

/** How often, and how long in all, one user is waited for while another sync of theirs runs. */
export const patience = { calls: 5, waitMs: 600_000, unlessToldMs: 10_000 };

/**
 * Asks for the syncs of many users, so many at a time, and waits where the application says that one
 * is under way. A quota that is used up ends it: every further call would be refused as well. So
 * does `stopping`: what is out then may still happen, and is called interrupted.
 */
export async function syncUsers<Target extends SyncTarget>(
  targets: readonly Target[],
  effects: SyncUsersEffects<Target>,
  options: { readonly concurrency: number; readonly stopping: AbortSignal },
): Promise<SyncedUser<Target>[]> {
  const { concurrency, stopping } = options;
  const inFlight = limitInFlight(concurrency);
  const quota = new AbortController();
  const isStopping = () => stopping.aborted;

  async function ask(target: Target): Promise<SyncedUser<Target>> {
    let waitedMs = 0;
    for (let calls = 1; ; calls += 1) {
      if (isStopping()) return { target, outcome: 'not_tried', detail: 'interrupted before' };
      if (quota.signal.aborted) {
        return { target, outcome: 'not_tried', detail: 'the quota was used up before' };
      }
      const answer = await effects.call(target);
      const { outcome, detail } = answer;
      if (outcome === 'quota') quota.abort();
      if (isStopping() && outcome === 'failed') {
        const unknown = 'asked, and it may still be syncing';
        return { target, outcome: 'interrupted', detail: unknown };
      }
      if (outcome !== 'in_progress' || calls >= patience.calls) return { target, outcome, detail };
      const waitMs = answer.retryAfterMs ?? patience.unlessToldMs;
      waitedMs += waitMs;
      if (waitedMs > patience.waitMs) return { target, outcome, detail };
      await delay(waitMs, undefined, { signal: stopping }).catch(() => undefined);
      if (isStopping()) return { target, outcome, detail };
    }
  }

  return Promise.all(
    targets.map((target) =>
      inFlight(async () => {
        const user = await ask(target);
        await effects.onDone(user);
        return user;
      }),
    ),
  );
}
