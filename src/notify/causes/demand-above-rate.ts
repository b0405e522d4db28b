import { describeDemand } from '../../assess/demand.js';
import { unseen, whole } from './cause.js';
import type { ProviderCause } from './cause.js';
import { isRefreshedByUs } from './of-tokens.js';

/** What can't be refreshed in time expires, however patiently it waits. */
export const demandAboveRate: ProviderCause = {
  name: 'demand_above_rate',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'provider',
  runbook: 'oauthtokenrefreshdemandaboverate',
  title: () => 'Need for refreshes above the rate limit',
  explanation:
    'Refreshed one after the other at the rate that is allowed, some tokens expire before their turn comes.',
  nextStep:
    'Raise rate_limit as far as the provider allows, or ask the provider for more. Tokens that expired while they waited are refreshed when their turn comes.',
  proof: 'The rate is enough for all tokens again.',
  find: (context) => {
    const { demand } = context.assessed;
    if (context.memory === null || demand === null || !isRefreshedByUs(context)) return unseen;
    const { name } = context.provider;
    if (demand.feasible) return whole(false, name);
    const when =
      demand.shortage === 'steady' ? 'It is so all the time.' : 'So many expire together now.';
    return whole(true, name, `The provider ${describeDemand(demand)}. ${when}`);
  },
};
