import { scheduleJob } from 'node-schedule';
import type { Job } from 'node-schedule';

export interface ScheduleOptions {
  readonly intervalMs: number;
  /** Says whether the run succeeded; must not reject. */
  readonly run: () => Promise<boolean>;
  /** A tick came while the run before was still under way. */
  readonly onSkipped: () => void;
  readonly now: () => number;
}

export interface Schedule {
  /** Ends the ticks and waits for the run under way. */
  readonly stop: () => Promise<void>;
}

const firstRetryMs = 1_000;
const longestRetryMs = 15_000;

/**
 * Runs at once and then at every tick, one run at a time.
 *
 * Ticks keep their rhythm whatever a run takes; those that a suspended machine slept through are
 * not made up for. After a failed run it tries again without waiting for the next tick: after 1 s,
 * then twice as long each time, at most 15 s.
 */
export function startSchedule({ intervalMs, run, onSkipped, now }: ScheduleOptions): Schedule {
  let running: Promise<void> | null = null;
  let failures = 0;
  let tick: Job | null = null;
  let retry: Job | null = null;
  let stopped = false;

  const at = (dueAtMs: number, job: () => void): Job => {
    for (;;) {
      // null: the moment had passed when node-schedule looked at it.
      const scheduled = scheduleJob(new Date(Math.max(dueAtMs, now() + 1)), job) as Job | null;
      if (scheduled !== null) return scheduled;
    }
  };
  const runOnce = async (): Promise<void> => {
    retry?.cancel();
    retry = null;
    failures = (await run()) ? 0 : failures + 1;
    const delayMs = retryDelayMs(failures);
    if (!stopped && failures > 0 && delayMs < intervalMs) retry = at(now() + delayMs, start);
  };
  const start = (): void => {
    if (running !== null) {
      onSkipped();
      return;
    }
    running = runOnce().finally(() => {
      running = null;
    });
  };
  const scheduleTick = (dueAtMs: number): void => {
    tick = at(dueAtMs, () => {
      const missed = Math.max(0, Math.floor((now() - dueAtMs) / intervalMs));
      scheduleTick(dueAtMs + (missed + 1) * intervalMs);
      start();
    });
  };

  scheduleTick(now() + intervalMs);
  start();
  return {
    async stop() {
      stopped = true;
      tick?.cancel();
      retry?.cancel();
      await running;
    },
  };
}

/** How long to wait after this many failures in a row. */
export function retryDelayMs(failures: number): number {
  return Math.min(firstRetryMs * 2 ** (failures - 1), longestRetryMs);
}
