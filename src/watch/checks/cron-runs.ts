import { plain } from '../finding.js';
import type { Finding } from '../finding.js';
import { plural } from '../failure-bound.js';
import { lookAt } from './check.js';
import type { Check, SeenJobs } from './check.js';

/**
 * A scheduled job failed, was missed or was switched off; also where it has succeeded again before a
 * poll saw it: the failed run is counted.
 */
export const cronRuns: Check = {
  name: 'cron_runs',
  promise: 'no scheduled run failed or was missed',
  required: false,
  scope: 'common',
  wrongAlready: (count) =>
    count === 1 ? '1 job had trouble already' : `${count} troubles of jobs were there already`,
  look: ({ cron }) => lookAt(cron, (jobs) => [...inTrouble(jobs), ...failedBetween(jobs)]),
};

function inTrouble({ troubles }: SeenJobs): Finding[] {
  return troubles.map(({ job, kind, evidence }) =>
    finding(`${job} ${kind}`, `job ${job}: ${evidence}`),
  );
}

function failedBetween({ troubles, failedRuns }: SeenJobs): Finding[] {
  return failedRuns.flatMap(({ job, runs, ofAll }) =>
    troubles.some((each) => each.job === job && each.kind === 'failed')
      ? []
      : finding(
          `${job} failed ${ofAll}`,
          `job ${job}: ${plural(runs, 'run', 'runs')} failed since the poll before, and it has succeeded again`,
        ),
  );
}

function finding(key: string, evidence: string): Finding {
  return {
    check: 'cron_runs',
    provider: null,
    key,
    affected: 1,
    evidence: plain(evidence),
    graceMs: 0,
  };
}
