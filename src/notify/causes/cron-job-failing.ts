import { cronTroubles, sawCronJobs } from '../../assess/cron-trouble.js';
import { pluralOf } from '../../config/plural.js';
import { unseen } from './cause.js';
import type { ExporterCause } from './cause.js';
import { describeTroubles } from './describe-troubles.js';

/** What keeps tokens in use stands still. They lapse later, and all at once. */
export const cronJobFailing: ExporterCause = {
  name: 'cron_job_failing',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'exporter',
  runbook: 'oauthcronjobfailing',
  title: (affected, outOf) => `${pluralOf(affected, outOf, 'cron job')} in trouble`,
  explanation:
    'Jobs of pg_cron fail, hang, did not run when their schedule says, were switched off or removed. What they keep in use lapses with them.',
  nextStep:
    'Run `oauth-token-exporter doctor`: it says of each job what is wrong. Then look at its command and at the last rows of cron.job_run_details.',
  proof: 'Their last runs succeeded.',
  find: ({ assessment, pollFailure }) => {
    const { cron } = assessment;
    if (pollFailure !== null || cron === null || !sawCronJobs(assessment)) return unseen;
    const { jobs } = cron;
    const troubles = cronTroubles({ jobs, logs: new Map() });
    const names = [...new Set(troubles.map(({ job }) => job))];
    const known = new Set(jobs.map(({ name }) => name));
    return {
      seen: true,
      affected: names.map((job) => ({ id: job, subject: job, account: null })),
      outOf: jobs.length,
      detail: describeTroubles(troubles),
      whereabouts: (id) => (known.has(id) ? 'repaired' : 'gone'),
    };
  },
};
