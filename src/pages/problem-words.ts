import { mostMissed } from '../assess/cron-problem.js';
import type { CronProblem, MissedRuns } from '../assess/cron-problem.js';
import type { WebhookProblem } from '../assess/webhooks.js';
import { formatDistance } from '../config/format-distance.js';
import { visibleText } from './visible-text.js';

const longestMessage = 200;

/** What is wrong with a job, as a sentence without its end. Messages come from the database. */
export function describeCronProblem(problem: CronProblem): string {
  const message = (text: string) => visibleText(text, longestMessage);
  switch (problem.reason) {
    case 'vanished':
      return 'it is not scheduled any more';
    case 'inactive':
      return 'it is switched off';
    case 'failing':
      return `its last run failed (${problem.failures} in a row): ${message(problem.message)}`;
    case 'hanging':
      return 'its run has been going on for too long';
    case 'http_failing':
      return `its runs succeed, and ${problem.requests} of their requests failed: ${message(problem.message)}`;
    case 'misconfigured':
      return `it runs and does nothing, since its configuration is missing: ${message(problem.message)}`;
    case 'too_seldom':
      return `it pauses for ${formatDistance(problem.pauseMs)}, longer than the access tokens of ${message(problem.provider)} live (${formatDistance(problem.lifetimeMs)})`;
  }
}

/** Runs that did not happen. */
export function describeMissed({ runs }: MissedRuns): string {
  if (runs === 1) return 'it missed a run';
  return runs >= mostMissed ? `it missed ${mostMissed} runs or more` : `it missed ${runs} runs`;
}

/** What is wrong with a provider's webhooks. */
export const webhookProblemWords: Readonly<Record<WebhookProblem, string>> = {
  silent: 'nothing has arrived for too long',
  delayed: 'half of what arrives takes too long',
  carried_by_cron: 'what arrives comes with the runs of a job, not by webhook',
  failing: 'many of the events taken in failed',
};
