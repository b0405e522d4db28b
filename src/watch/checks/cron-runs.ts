import { plain } from '../finding.js';
import { lookAt } from './check.js';
import type { Check } from './check.js';

/** A scheduled job failed, was missed or was switched off. */
export const cronRuns: Check = {
  name: 'cron_runs',
  promise: 'no scheduled run failed or was missed',
  required: false,
  scope: 'common',
  wrongAlready: (count) =>
    count === 1 ? '1 job had trouble already' : `${count} troubles of jobs were there already`,
  look: ({ cron }) =>
    lookAt(cron, (troubles) =>
      troubles.map(({ job, kind, evidence }) => ({
        check: 'cron_runs',
        provider: null,
        key: `${job} ${kind}`,
        affected: 1,
        evidence: plain(`job ${job}: ${evidence}`),
        graceMs: 0,
      })),
    ),
};
