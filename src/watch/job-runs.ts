import type { SeenCron, SeenJob } from '../assess/cron-trouble.js';
import { countRuns } from '../assess/cron-schedule.js';
import type { RunOutcome } from '../store/cron-knowledge.js';
import { group, plural } from './failure-bound.js';

/** Runs of scheduled jobs during a watch. One that was under way at its start counts when it ends. */
export interface JobRuns {
  /** How many the schedule asks for. */
  readonly expected: number;
  readonly succeeded: number;
  readonly failed: number;
}

/** The runs of one job, and up to where they are counted. */
export interface CountedRuns extends JobRuns {
  /** The last run that was expected; before the first, when counting began. */
  readonly expectedUntilMs: number;
  /** What had ended when it was last seen, of all time. */
  readonly ended: SeenJob['ended'];
}

/** By the name of the job. */
export type RunCounts = Readonly<Record<string, CountedRuns>>;

/** After a long gap the next polls count on: one must not take long. */
const mostExpectedAtOnce = 200;

/**
 * Takes what a poll saw of the jobs into the counts. What it could not see is counted later: the
 * totals of the jobs go on meanwhile. A job is counted from when it is first seen.
 */
export function countJobRuns(before: RunCounts, seen: SeenCron | null, atMs: number): RunCounts {
  if (seen === null || seen.jobs.length === 0) return before;
  return {
    ...before,
    ...Object.fromEntries(
      seen.jobs.map((job) => [job.name, countRunsOf(before[job.name], job, atMs)]),
    ),
  };
}

function countRunsOf(
  before: CountedRuns | undefined,
  { schedule, ended }: SeenJob,
  atMs: number,
): CountedRuns {
  if (before === undefined) {
    return { expected: 0, succeeded: 0, failed: 0, expectedUntilMs: atMs, ended };
  }
  // While it is switched off it owes no run, and afterwards none of that time.
  const { count, lastAtMs } =
    schedule === null
      ? { count: 0, lastAtMs: atMs }
      : countRuns(schedule, before.expectedUntilMs, atMs, mostExpectedAtOnce);
  // A slower replica may still hold totals from before: what was counted is not counted again.
  const newest = (outcome: RunOutcome) => Math.max(before.ended[outcome], ended[outcome]);
  const [succeeded, failed] = [newest('succeeded'), newest('failed')];
  return {
    expected: before.expected + count,
    succeeded: before.succeeded + succeeded - before.ended.succeeded,
    failed: before.failed + failed - before.ended.failed,
    expectedUntilMs: lastAtMs,
    ended: { succeeded, failed },
  };
}

/** All jobs together. */
export function sumRuns(counts: RunCounts): JobRuns {
  const sum = (figure: keyof JobRuns) =>
    Object.values(counts).reduce((total, each) => total + each[figure], 0);
  return { expected: sum('expected'), succeeded: sum('succeeded'), failed: sum('failed') };
}

/** Runs of a job that failed between two polls. */
export interface FailedRuns {
  readonly job: string;
  readonly runs: number;
  /** Since the watch began. */
  readonly ofAll: number;
}

export function failedSince(before: RunCounts, after: RunCounts): FailedRuns[] {
  return Object.entries(after).flatMap(([job, { failed }]) => {
    const runs = failed - (before[job]?.failed ?? 0);
    return runs > 0 ? [{ job, runs, ofAll: failed }] : [];
  });
}

/** What all jobs together did between two polls; null: nothing, and nothing was expected. */
export function runsSince(before: RunCounts, after: RunCounts): JobRuns | null {
  const [was, is] = [sumRuns(before), sumRuns(after)];
  const runs: JobRuns = {
    expected: is.expected - was.expected,
    succeeded: is.succeeded - was.succeeded,
    failed: is.failed - was.failed,
  };
  return runs.expected + runs.succeeded + runs.failed === 0 ? null : runs;
}

/** `2 scheduled jobs: 96 runs expected, 95 succeeded, 1 failed` */
export function describeRuns(counts: RunCounts): string {
  const { expected, succeeded, failed } = sumRuns(counts);
  const jobs = plural(Object.keys(counts).length, 'scheduled job', 'scheduled jobs');
  return `${jobs}: ${plural(expected, 'run', 'runs')} expected, ${group(succeeded)} succeeded, ${group(failed)} failed`;
}
