import { hasExpired, isTimeToTell } from '../../assess/unrefreshed.js';
import { pluralOf } from '../../config/plural.js';
import type { ProviderCause } from './cause.js';
import { withIdleJobs } from './idle-jobs.js';
import { ofTokens } from './of-tokens.js';

/** The runbook's warning a week ahead, for tokens that no refresh will save. */
export const tokensUnattended: ProviderCause = {
  name: 'tokens_unattended',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'provider',
  runbook: 'oauthtokensexpiringunrefreshed',
  title: (affected, outOf) => `${pluralOf(affected, outOf, 'token')} expiring, refreshed by nobody`,
  explanation:
    'These tokens have expired or expire soon, this exporter does not refresh them, and nobody was seen to move their expiry forward.',
  nextStep:
    'Start again what refreshes them, or let this exporter do it. Those without a refresh token need their users to reconnect before they expire.',
  proof: 'Their expiry moved forward.',
  find: (context) =>
    ofTokens(context, ({ active, unrefreshed }) => {
      const affected = unrefreshed.tokens.filter(isTimeToTell);
      const without = affected.filter(({ token }) => token.hasRefreshToken === false).length;
      const expired = affected.filter(hasExpired).length;
      return {
        affected: affected.map(({ token }) => token),
        outOf: active.length,
        detail: withIdleJobs(
          `Expired already: ${expired}. Without a refresh token: ${without}.`,
          context,
        ),
      };
    }),
};
