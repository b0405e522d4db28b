import { unseen, whole } from './cause.js';
import type { ProviderCause } from './cause.js';
import { withIdleJobs } from './idle-jobs.js';
import { sawSyncs } from './saw-sources.js';

/** Tokens that nobody uses any more look fine until they lapse together. */
export const syncsOverdue: ProviderCause = {
  name: 'syncs_overdue',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'provider',
  runbook: 'oauthsyncsoverdue',
  title: () => 'Syncs overdue',
  explanation:
    'Active tokens have had no successful sync when they should have. Their users get no new data; where the application refreshes on use, the tokens expire next.',
  nextStep:
    'See that the job that syncs still runs. `oauth-token-exporter sync --all-stale` shows who waits, and asks for their syncs.',
  proof: 'All of them have synced.',
  find: (context) => {
    const { syncs } = context.assessed;
    if (syncs === null || !sawSyncs(context)) return unseen;
    const { overdue } = syncs;
    const detail = overdue === 0 ? null : withIdleJobs(`Overdue now: ${overdue}.`, context);
    return whole(overdue > 0, context.provider.name, detail);
  },
};
