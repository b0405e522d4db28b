import { assessCron } from '../assess/cron.js';
import type { CronJob } from '../assess/cron-job.js';
import { describeCronProblem, describeMissed } from '../assess/cron-problem.js';
import type { CronProblem } from '../assess/cron-problem.js';
import { assessWebhooks } from '../assess/webhooks.js';
import type { WebhookProblem } from '../assess/webhooks.js';
import type { Config } from '../config/config.js';
import type { Observation } from '../observe/observe.js';
import type { Finding } from './diagnose.js';
import { formatInstant } from '../config/format-instant.js';

/** What the doctor says of cron jobs and webhooks: their problems, each with its evidence. */
export function diagnoseJobs(config: Config, { now, surroundings }: Observation): Finding[] {
  const cron = assessCron(surroundings, null, null, config, now);
  const warning = (subject: string, text: string): Finding => ({
    level: 'warning',
    subject,
    text,
    remedy: null,
  });
  const logged = [...(cron?.logs.values() ?? [])].flat();
  return [
    ...(cron?.jobs ?? []).flatMap((job) =>
      [...describeOverdue(job), ...job.problems.map(describeProblem)].map((text) =>
        warning(`cron job ${job.name}`, text),
      ),
    ),
    ...logged.flatMap(({ name, problems }) =>
      problems.map((problem) => warning(`cron job ${name}`, describeProblem(problem))),
    ),
    ...config.providers.flatMap(({ name, webhooks }) =>
      (assessWebhooks(webhooks, surroundings.providers.get(name), null, now)?.problems ?? []).map(
        (problem) => warning(`webhooks of ${name}`, webhookWords[problem]),
      ),
    ),
  ];
}

function describeOverdue({ missed, schedule }: CronJob): string[] {
  if (missed === null) return [];
  const since = instant(missed.expectedAtMs);
  return [`overdue since ${since}: ${describeMissed(missed)} (${schedule ?? ''})`];
}

/** One line about a problem of a job, with its instant. */
function describeProblem(problem: CronProblem): string {
  const text = describeCronProblem(problem);
  switch (problem.reason) {
    case 'vanished':
    case 'inactive':
    case 'hanging':
      return `${text} (since ${instant(problem.sinceMs)})`;
    case 'failing':
    case 'http_failing':
    case 'misconfigured':
      return `${text} (${instant(problem.atMs)})`;
    case 'too_seldom':
      return text;
  }
}

const webhookWords: Readonly<Record<WebhookProblem, string>> = {
  silent: 'nothing has come for longer than webhooks.silent_after',
  delayed: 'half of what came took longer than webhooks.delayed_after',
  carried_by_cron: 'what comes, comes with the runs of a cron job and not by webhook',
  failing: 'more than a fifth of the events failed',
};

function instant(ms: number | null): string {
  return formatInstant(ms) ?? 'an unknown time';
}
