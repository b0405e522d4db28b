import { cronTroubles } from '../../assess/cron-trouble.js';
import { unseen } from './cause.js';
import type { ProviderCause } from './cause.js';
import { sawBeside } from './saw-sources.js';
import { describeTroubles } from './describe-troubles.js';

/** A job that runs, ends at once and is called a success: how the incident of the runbook began. */
export const cronJobMisconfigured: ProviderCause = {
  name: 'cron_job_misconfigured',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'provider',
  runbook: 'oauthcronjobfailing',
  title: (affected) => `Jobs that run and do nothing: ${affected}`,
  explanation:
    'The jobs say in their own log that their configuration is missing, and end. The scheduler calls that a success.',
  nextStep:
    'Restore the setting that the message names, run the job once by hand, and see that the expiries of the tokens or their last syncs moved.',
  proof: 'Their log says that they succeeded.',
  find: (context) => {
    const logs = context.assessment.cron?.logs.get(context.provider.name);
    if (logs === undefined || !sawBeside(context, ['job_log'])) return unseen;
    const troubles = cronTroubles({ jobs: [], logs: new Map([[context.provider.name, logs]]) });
    const succeeded = new Set(logs.map(({ name }) => name));
    return {
      seen: true,
      affected: troubles.map(({ job }) => ({ id: job, subject: job, account: null })),
      outOf: null,
      detail: describeTroubles(troubles),
      whereabouts: (id) => (succeeded.has(id) ? 'repaired' : 'gone'),
    };
  },
};
