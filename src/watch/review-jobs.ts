import { describeMissed, mostMissed } from '../assess/cron-problem.js';
import { countRuns, parseCronSchedule } from '../assess/cron-schedule.js';
import type { CronHistory, JobHistory } from '../observe/cron-history.js';
import { group, plural } from './failure-bound.js';
import { instant, plain } from './finding.js';
import type { PastViolation } from './review.js';

/** How the jobs of pg_cron are looked back at. */
export interface JobReview {
  readonly history: CronHistory;
  /** A run that starts this much later than scheduled was missed. */
  readonly graceMs: number;
}

/** Runs of scheduled jobs that failed in a window, or that today's schedule asked for in vain. */
export function jobViolations(
  { history, graceMs }: JobReview,
  { untilMs }: { readonly untilMs: number },
): PastViolation[] {
  return history.jobs.flatMap((job) => [
    ...failures(job),
    ...missedRuns(job, history.timeZone, untilMs, graceMs),
  ]);
}

function failures({ name, failed, firstFailure }: JobHistory): PastViolation[] {
  if (firstFailure === null) return [];
  const { atMs, message } = firstFailure;
  const more = failed > 1 ? `, and ${group(failed - 1)} more in the window` : '';
  const why = message === '' ? '' : `: ${message}`;
  return [violation(atMs, `a run of job ${name} failed${more}${why}`)];
}

function missedRuns(
  { name, schedule, silence }: JobHistory,
  timeZone: string,
  untilMs: number,
  graceMs: number,
): PastViolation[] {
  const times = schedule === null ? null : parseCronSchedule(schedule, timeZone);
  if (times === null || silence === null) return [];
  const { fromMs, toMs } = silence;
  // A run that came late stands for the one that was due last.
  const { count } = countRuns(times, fromMs, (toMs ?? untilMs) - graceMs - 1, mostMissed);
  const expectedAtMs = times.nextAfterMs(fromMs);
  if (count === 0 || expectedAtMs === null) return [];
  const again = toMs === null ? '' : `; the next one was at ${instant(toMs)}`;
  const evidence = `job ${name} ${describeMissed({ runs: count })}: its last run before that was at ${instant(fromMs)}${again}`;
  return [violation(expectedAtMs, evidence)];
}

function violation(atMs: number, evidence: string): PastViolation {
  return { check: 'cron_runs', provider: null, atMs, evidence: plain(evidence) };
}

/** `sync: 48 runs succeeded, 0 failed`; the busiest first. */
export function jobLines({ jobs }: CronHistory): string[] {
  return jobs
    .filter(({ succeeded, failed }) => succeeded + failed > 0)
    .sort((a, b) => b.failed - a.failed || b.succeeded - a.succeeded)
    .slice(0, mostJobs)
    .map(
      ({ name, succeeded, failed }) =>
        `${plain(name)}: ${plural(succeeded, 'run', 'runs')} succeeded, ${group(failed)} failed`,
    );
}

/** What pg_cron can't tell of the past. */
export function unknownOfJobs({ jobs }: CronHistory): string[] {
  const list = ['schedules of jobs at that time: missed runs are counted by those of today'];
  const silent = jobs.filter(({ silence }) => silence === null);
  if (silent.length > 0) {
    const names = silent.slice(0, mostJobs).map(({ name }) => plain(name));
    list.push(
      `runs of ${names.join(', ')}: none is recorded in the window or the two weeks before`,
    );
  }
  return list;
}

/** More would hide the rest. */
const mostJobs = 20;
