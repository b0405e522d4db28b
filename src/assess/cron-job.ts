import type { CronConfig } from '../config/jobs-config.js';
import type { ProviderConfig } from '../config/config.js';
import type { ObservedJob } from '../observe/cron-jobs.js';
import type { ObservedRuns } from '../observe/cron-runs.js';
import type { ObservedResponses } from '../observe/http-responses.js';
import { forgetAfterMs } from './cron-knowledge.js';
import type { KnownJob } from '../store/cron-knowledge.js';
import { mostMissed } from './cron-problem.js';
import type { CronProblem, MissedRuns } from './cron-problem.js';
import { countRuns, parseCronSchedule } from './cron-schedule.js';
import type { CronSchedule } from './cron-schedule.js';
import { pauseOf } from './too-seldom.js';
import type { LongPause } from './too-seldom.js';

/** A job of pg_cron, judged. */
export interface CronJob {
  readonly name: string;
  /** null: it is not there. */
  readonly schedule: string | null;
  readonly active: boolean;
  readonly lastRunAtMs: number | null;
  readonly lastSuccessAtMs: number | null;
  /** null: none that is known; also where nobody can tell when it is to run. */
  readonly missed: MissedRuns | null;
  /** The schedule can be read as times. */
  readonly isScheduleKnown: boolean;
  readonly problems: readonly CronProblem[];
  /** Worked out once for each schedule. */
  readonly pause: LongPause | null;
}

/** What of a provider decides how its jobs are judged. */
export type JobProvider = Pick<ProviderConfig, 'name' | 'declaredLifetimeMs' | 'refresh' | 'jobs'>;

/** What a job is judged by. */
export interface JobEvidence {
  readonly config: CronConfig;
  readonly now: Date;
  readonly isRequired: boolean;
  readonly timeZone: string;
  readonly providers: readonly JobProvider[];
  /** null: it has none. */
  readonly runs: ObservedRuns | 'unknown' | null;
  readonly mayHideRuns: boolean;
  /** The answers to its requests, where they failed. */
  readonly http: ObservedResponses | 'unknown' | null;
}

/** Judges a job that is there. What can't be seen in this poll is as it was `before`. */
export function judgeJob(
  job: ObservedJob,
  known: KnownJob,
  before: CronJob | undefined,
  { config, now, isRequired, timeZone, providers, runs, mayHideRuns, http }: JobEvidence,
): CronJob {
  const nowMs = now.getTime();
  const schedule = parseCronSchedule(job.schedule, timeZone);
  const kept = (...reasons: CronProblem['reason'][]) =>
    (before?.problems ?? []).filter(({ reason }) => reasons.includes(reason));
  const pause =
    before?.schedule === job.schedule
      ? before.pause
      : pauseOf(job.name, schedule, providers, nowMs);
  return {
    name: job.name,
    schedule: job.schedule,
    active: job.active,
    lastRunAtMs: known.lastRunAtMs,
    lastSuccessAtMs: known.lastSuccessAtMs,
    missed:
      runs === 'unknown'
        ? (before?.missed ?? null)
        : !job.active || runs?.isRunning === true || (runs === null && mayHideRuns)
          ? null
          : findMissed(schedule, known, nowMs, config.graceMs),
    isScheduleKnown: schedule !== null,
    pause,
    problems: [
      ...inactive(job, known, isRequired, nowMs),
      ...(runs === 'unknown'
        ? kept('failing', 'hanging')
        : [...failing(runs), ...hanging(runs, nowMs, config.longestRunMs)]),
      ...(http === 'unknown' ? kept('http_failing') : httpFailing(http)),
      ...(pause === null ? [] : [{ reason: 'too_seldom' as const, ...pause }]),
    ],
  };
}

/** The runs that should have started by `nowMs`, and that no run since stands for. */
export function findMissed(
  schedule: CronSchedule | null,
  { lastRunAtMs, scheduledSinceMs }: Pick<KnownJob, 'lastRunAtMs' | 'scheduledSinceMs'>,
  nowMs: number,
  graceMs: number,
): MissedRuns | null {
  const sinceMs = Math.max(lastRunAtMs ?? -Infinity, scheduledSinceMs ?? -Infinity);
  if (schedule === null || !Number.isFinite(sinceMs)) return null;
  const expectedAtMs = schedule.nextAfterMs(sinceMs);
  if (expectedAtMs === null || nowMs <= expectedAtMs + graceMs) return null;
  const { count } = countRuns(schedule, sinceMs, nowMs - graceMs, mostMissed);
  return { expectedAtMs, runs: Math.max(1, count) };
}

/** A job that is not there, and should be. */
export function vanishedJob(name: string, known: KnownJob | undefined): CronJob {
  return {
    name,
    schedule: null,
    active: false,
    lastRunAtMs: known?.lastRunAtMs ?? null,
    lastSuccessAtMs: known?.lastSuccessAtMs ?? null,
    missed: null,
    isScheduleKnown: false,
    pause: null,
    problems: [{ reason: 'vanished', sinceMs: known?.goneAtMs ?? null }],
  };
}

/** A job that was never seen active, and that nobody named, is switched off on purpose. */
function inactive(
  { active }: ObservedJob,
  { deactivatedAtMs }: KnownJob,
  isRequired: boolean,
  nowMs: number,
): CronProblem[] {
  if (active) return [];
  const isLately = deactivatedAtMs !== null && nowMs - deactivatedAtMs <= forgetAfterMs;
  return isRequired || isLately ? [{ reason: 'inactive', sinceMs: deactivatedAtMs }] : [];
}

function failing(runs: ObservedRuns | null): CronProblem[] {
  if (runs === null || runs.failures === 0 || runs.lastFailure === null) return [];
  return [{ reason: 'failing', failures: runs.failures, ...runs.lastFailure }];
}

function hanging(runs: ObservedRuns | null, nowMs: number, longestRunMs: number): CronProblem[] {
  if (runs?.isRunning !== true || runs.lastRunAtMs === null) return [];
  const isTooLong = nowMs - runs.lastRunAtMs > longestRunMs;
  return isTooLong ? [{ reason: 'hanging', sinceMs: runs.lastRunAtMs }] : [];
}

function httpFailing(answers: ObservedResponses | null): CronProblem[] {
  if (answers === null) return [];
  return [
    {
      reason: 'http_failing',
      atMs: answers.fromMs,
      requests: answers.failed,
      status: answers.failedStatus,
      message: answers.failure ?? `HTTP ${String(answers.failedStatus)}`,
    },
  ];
}
