import { pluralOf } from '../../config/plural.js';
import type { ProviderCause } from './cause.js';
import { ofTokens } from './of-tokens.js';

/**
 * A grant is dead only after a second `invalid_grant`, so one poll is enough. It lives again when
 * its expiry moves or its refresh token changes; that is how a grant is judged.
 */
export const grantsDead: ProviderCause = {
  name: 'grants_dead',
  severity: 'warning',
  opensAtOnce: true,
  scope: 'provider',
  runbook: 'oauthgrantsdead',
  title: (affected, outOf) => `${pluralOf(affected, outOf, 'grant')} dead`,
  explanation:
    'The provider refused these refresh tokens twice, at least a minute apart (invalid_grant). The authorization behind them is gone, and no refresh can bring it back.',
  nextStep:
    'Ask these users to reconnect. Several at once: first look for somebody else who uses the same refresh tokens.',
  proof: 'Their expiry moved forward, or the row holds another refresh token.',
  find: (context) =>
    ofTokens(context, ({ active }) => ({
      affected: active.filter(({ grant }) => grant === 'dead'),
      outOf: active.length,
    })),
};
