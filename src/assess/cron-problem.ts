import { formatDistance } from '../config/format-distance.js';
import { plural } from '../config/plural.js';

/** What can be wrong with a job: values of the `problem` label of `oauth_cron_job_problem`. */
export const cronProblemReasons = [
  /** Must be there, or was until lately, and is not. */
  'vanished',
  /** Somebody switched it off. */
  'inactive',
  /** Its last run failed. */
  'failing',
  /** Its last run has been going on for too long. */
  'hanging',
  /** Its runs succeed, and the requests that they send fail. */
  'http_failing',
  /** It says itself that its configuration is missing, and does nothing. */
  'misconfigured',
  /** It is to run more seldom than the tokens that it keeps in use live. */
  'too_seldom',
] as const;
export type CronProblemReason = (typeof cronProblemReasons)[number];

/** One thing that is wrong with a job, and its evidence. Messages are clean and short. */
export type CronProblem =
  | { readonly reason: 'vanished'; readonly sinceMs: number | null }
  | { readonly reason: 'inactive'; readonly sinceMs: number | null }
  | {
      readonly reason: 'failing';
      /** In a row. */
      readonly failures: number;
      readonly atMs: number | null;
      readonly message: string;
    }
  | { readonly reason: 'hanging'; readonly sinceMs: number }
  | {
      readonly reason: 'http_failing';
      readonly atMs: number;
      readonly requests: number;
      /** null: no answer came. */
      readonly status: number | null;
      readonly message: string;
    }
  | { readonly reason: 'misconfigured'; readonly atMs: number; readonly message: string }
  | {
      readonly reason: 'too_seldom';
      readonly provider: string;
      readonly pauseMs: number;
      readonly lifetimeMs: number;
    };

/** Runs that should have started and did not. */
export interface MissedRuns {
  /** The first of them. */
  readonly expectedAtMs: number;
  /** Counted up to `mostMissed`. */
  readonly runs: number;
}

export const mostMissed = 50;

/**
 * What is wrong with a job, as a sentence without its end. Without instants and counts that move, so
 * that it stays the same while nothing changes; from data in part.
 */
export function describeCronProblem(problem: CronProblem): string {
  switch (problem.reason) {
    case 'vanished':
      return 'it is not scheduled any more';
    case 'inactive':
      return 'it is switched off';
    case 'failing':
      return `its last run failed: ${problem.message}`;
    case 'hanging':
      return 'its run has been going on for too long';
    case 'http_failing':
      return `its run succeeded, and its requests failed: ${problem.message}`;
    case 'misconfigured':
      return `it runs and does nothing, since its configuration is missing: ${problem.message}`;
    case 'too_seldom':
      return `it pauses for ${formatDistance(problem.pauseMs)}, longer than the access tokens of ${problem.provider} live (${formatDistance(problem.lifetimeMs)})`;
  }
}

/** `missed 3 runs`. */
export function describeMissed({ runs }: Pick<MissedRuns, 'runs'>): string {
  if (runs === 1) return 'missed a run';
  return runs >= mostMissed ? `missed ${mostMissed} runs or more` : `missed ${plural(runs, 'run')}`;
}
