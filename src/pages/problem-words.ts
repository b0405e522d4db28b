import { describeCronProblem } from '../assess/cron-problem.js';
import type { CronProblem } from '../assess/cron-problem.js';
import type { WebhookProblem } from '../assess/webhooks.js';
import { visibleText } from './visible-text.js';

const longestProblem = 300;

/** What is wrong with a job, as a sentence without its end, short enough for a table. */
export function jobProblemWords(problem: CronProblem): string {
  const text = visibleText(describeCronProblem(problem), longestProblem);
  return problem.reason === 'failing' ? `${text} (${problem.failures} in a row)` : text;
}

/** What is wrong with a provider's webhooks. */
export const webhookProblemWords: Readonly<Record<WebhookProblem, string>> = {
  silent: 'nothing has arrived for too long',
  delayed: 'half of what arrives takes too long',
  carried_by_cron: 'what arrives comes with the runs of a job, not by webhook',
  failing: 'many of the events taken in failed',
};
