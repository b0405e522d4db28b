import { pluralOf } from '../../config/plural.js';
import { unseen } from './cause.js';
import type { ProviderCause } from './cause.js';
import { isRefreshedByUs, ofTokens } from './of-tokens.js';

/** What pages: a refresh should have happened by now and did not. A status alone never does. */
export const refreshOverdue: ProviderCause = {
  name: 'refresh_overdue',
  severity: 'critical',
  opensAtOnce: false,
  scope: 'provider',
  runbook: 'oauthtokenrefreshesoverdue',
  title: (affected, outOf) => `${pluralOf(affected, outOf, 'refresh', 'refreshes')} overdue`,
  explanation:
    'These tokens should have been refreshed by now and were not. They expire next, or already have. As long as their refresh tokens live, one refresh repairs them.',
  nextStep:
    'Run `oauth-token-exporter explain <token_id>` for one of them: it says why it was not refreshed and what would help.',
  proof: 'They were refreshed.',
  find: (context) => {
    // Where refreshing is not our job, nothing of it is overdue.
    if (!isRefreshedByUs(context)) return unseen;
    return ofTokens(context, ({ active }) => ({
      affected: active.filter(({ isOverdue }) => isOverdue),
      outOf: active.length,
    }));
  },
};
