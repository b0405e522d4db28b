import { cliffThreshold } from '../../assess/unrefreshed.js';
import { pluralOf } from '../../config/plural.js';
import type { ProviderCause } from './cause.js';
import { withIdleJobs } from './idle-jobs.js';
import { ofTokens } from './of-tokens.js';

const dayMs = 86_400_000;

/** What happened once: everybody's tokens lapse together, because nobody refreshes them. */
export const expiryCliff: ProviderCause = {
  name: 'expiry_cliff',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'provider',
  runbook: 'oauthtokensexpirycliff',
  title: (affected, outOf) => `${pluralOf(affected, outOf, 'token')} expiring together`,
  explanation:
    'A large share of the tokens in use expires within the same 72 hours, and nobody is known to refresh them. Then everybody is cut off at once.',
  nextStep:
    'Before that day: start what should refresh them, or let this exporter do it. Where there is no refresh token, spread the reconnects over the time that is left.',
  proof: 'Their expiry moved, or enough of them are refreshed by somebody.',
  find: (context) =>
    ofTokens(context, ({ active, unrefreshed: { cohort } }) => {
      const outOf = active.length;
      const isCliff = cohort.length >= cliffThreshold(outOf, context.config.cliffShare);
      const first = cohort[0]?.remainingMs ?? 0;
      return {
        affected: isCliff ? cohort.map(({ token }) => token) : [],
        outOf,
        detail: withIdleJobs(
          `The first expires in ${Math.floor(first / dayMs)} d ${Math.floor((first % dayMs) / 3_600_000)} h.`,
          context,
        ),
      };
    }),
};
