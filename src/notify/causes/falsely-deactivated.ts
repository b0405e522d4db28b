import { pluralOf } from '../../config/plural.js';
import type { ProviderCause } from './cause.js';
import { ofTokens } from './of-tokens.js';

/** The mark of a refresher that lost a race and took the 400 for a revocation. */
export const falselyDeactivated: ProviderCause = {
  name: 'falsely_deactivated',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'provider',
  runbook: 'oauthtokensfalselydeactivated',
  title: (affected, outOf) => `${pluralOf(affected, outOf, 'token')} switched off while valid`,
  explanation:
    'These rows are inactive although their access tokens have not expired. Most likely a refresher lost a race, took the error for a revocation and switched off a healthy grant. Inactive rows are not refreshed.',
  nextStep:
    'While these tokens still live: stop what switches them off, then switch exactly these rows on again.',
  proof: 'They are active again.',
  find: (context) =>
    ofTokens(context, ({ tokens }) => ({
      affected: tokens.filter(({ isFalselyDeactivated }) => isFalselyDeactivated),
      outOf: tokens.length,
    })),
};
