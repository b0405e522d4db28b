import type { LoggedJob } from '../observe/job-log.js';
import type { CronProblem } from './cron-problem.js';

/** What a job wrote of itself, and what is wrong with that. */
export interface LoggedJobAssessment {
  readonly name: string;
  readonly lastSuccessAtMs: number | null;
  readonly problems: readonly CronProblem[];
}

/** How jobs say that they end before they begin, which the scheduler calls a success. */
const configurationMissing =
  /configuration (is )?missing|missing .*(oauth|configuration)|not configured/i;

/** A job whose last word is that its configuration is missing does nothing, however often it runs. */
export function assessJobLog(jobs: readonly LoggedJob[]): LoggedJobAssessment[] {
  return jobs.map(({ name, lastSuccessAtMs, lastFailure }) => {
    const isMisconfigured =
      lastFailure !== null &&
      configurationMissing.test(lastFailure.message) &&
      lastFailure.atMs > (lastSuccessAtMs ?? -Infinity);
    return {
      name,
      lastSuccessAtMs,
      problems: isMisconfigured ? [{ reason: 'misconfigured', ...lastFailure }] : [],
    };
  });
}
