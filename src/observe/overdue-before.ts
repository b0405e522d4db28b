import { Cron } from 'croner';
import type { SyncConfig } from '../config/config.js';

/**
 * The instant before which a last success is overdue at `now`.
 *
 * With a schedule: the last time at which a sync should have started and, its grace over, have
 * ended. So a job that runs on working days is not late on Sunday. Without one: `overdueAfterMs` ago.
 */
export function overdueBefore(
  { schedule, overdueAfterMs }: Pick<SyncConfig, 'schedule' | 'overdueAfterMs'>,
  now: Date,
): number {
  if (schedule === null) return now.getTime() - overdueAfterMs;
  const { cron, timeZone, graceMs } = schedule;
  return lastRunAtMs(cron, timeZone, now.getTime() - graceMs) ?? -Infinity;
}

/**
 * The last time at or before an instant at which a schedule was due; null: never.
 *
 * `previousRuns` works in seconds, leaves its own start out, and where the clocks are put forward
 * may name a time after it; in the hour that they repeat it may miss a run, so that nothing is late
 * too soon.
 */
function lastRunAtMs(cron: string, timeZone: string, atMs: number): number | null {
  const fromMs = (Math.floor(atMs / 1_000) + 1) * 1_000;
  const runs = new Cron(cron, { timezone: timeZone }).previousRuns(3, new Date(fromMs));
  return runs.map((run) => run.getTime()).find((runAtMs) => runAtMs <= atMs) ?? null;
}
