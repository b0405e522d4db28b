import { cronTroubles, sawCronJobs } from '../../assess/cron-trouble.js';
import { matches } from '../../assess/too-seldom.js';
import type { ProviderContext } from './cause.js';
import { describeTroubles } from './describe-troubles.js';
import { sawBeside } from './saw-sources.js';

/**
 * Adds to what is told of tokens or syncs what this poll saw to be wrong with the jobs that keep a
 * provider's tokens in use: whoever repairs only the tokens has them lapse again.
 */
export function withIdleJobs(detail: string, context: ProviderContext): string {
  const { assessment, provider } = context;
  const patterns = provider.jobs?.names ?? [];
  const jobs = sawCronJobs(assessment) ? (assessment.cron?.jobs ?? []) : [];
  const logs = sawBeside(context, ['job_log']) ? assessment.cron?.logs.get(provider.name) : [];
  const troubles = cronTroubles({
    jobs: jobs.filter(({ name }) => patterns.some((pattern) => matches(pattern, name))),
    logs: new Map([[provider.name, logs ?? []]]),
  });
  const told = describeTroubles(troubles);
  return told === null ? detail : `${detail} A likely cause: ${told}`;
}
