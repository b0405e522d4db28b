import { assessCron } from '../assess/cron.js';
import type { CronJob } from '../assess/cron-job.js';
import { mostMissed } from '../assess/cron-problem.js';
import type { CronProblem } from '../assess/cron-problem.js';
import { assessWebhooks } from '../assess/webhooks.js';
import type { WebhookProblem } from '../assess/webhooks.js';
import type { Config } from '../config/config.js';
import type { Observation } from '../observe/observe.js';
import type { Finding } from './diagnose.js';
import { formatDistance } from '../config/format-distance.js';
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
      [...describeMissed(job), ...job.problems.map(describeProblem)].map((text) =>
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

function describeMissed({ missed, schedule }: CronJob): string[] {
  if (missed === null) return [];
  const runs = missed.runs >= mostMissed ? `${String(mostMissed)} or more` : String(missed.runs);
  return [
    `overdue since ${at(missed.expectedAtMs)}: missed ${runs} of its runs (${schedule ?? ''})`,
  ];
}

/** One line about a problem of a job. */
export function describeProblem(problem: CronProblem): string {
  switch (problem.reason) {
    case 'vanished':
      return 'is not scheduled, and must be or was until lately';
    case 'inactive':
      return 'is switched off';
    case 'failing':
      return `its last ${problem.failures === 1 ? 'run' : `${String(problem.failures)} runs`} failed: ${problem.message}`;
    case 'hanging':
      return `its run has been going on since ${at(problem.sinceMs)}`;
    case 'http_failing':
      return `its run of ${at(problem.atMs)} succeeded, and its requests failed: ${problem.message}`;
    case 'misconfigured':
      return `does nothing since its configuration is missing (${at(problem.atMs)}): ${problem.message}`;
    case 'too_seldom':
      return (
        `pauses for ${formatDistance(problem.pauseMs)}, and the tokens of ${problem.provider} ` +
        `live ${formatDistance(problem.lifetimeMs)}: nothing refreshes them in between`
      );
  }
}

const webhookWords: Readonly<Record<WebhookProblem, string>> = {
  silent: 'nothing has come for longer than webhooks.silent_after',
  delayed: 'half of what came took longer than webhooks.delayed_after',
  carried_by_cron: 'what comes, comes with the runs of a cron job and not by webhook',
  failing: 'more than a fifth of the events failed',
};

function at(ms: number | null): string {
  return formatInstant(ms) ?? 'an unknown time';
}
