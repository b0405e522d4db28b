import { formatDistance } from '../../config/format-distance.js';
import { instant } from '../finding.js';
import { lookAt } from './check.js';
import type { Check } from './check.js';

/** Nothing has come by webhook for longer than `webhooks.silent_after`, although it did before. */
export const webhooksSilent: Check = {
  name: 'webhooks_silent',
  promise: 'webhooks did not fall silent',
  required: false,
  scope: 'provider',
  wrongAlready: () => 'the webhooks were silent already',
  look: ({ provider, webhooks }) =>
    lookAt(webhooks, ({ lastReceivedAtMs, silentAfterMs, isSilent }) =>
      isSilent
        ? [
            {
              check: 'webhooks_silent',
              provider,
              key: '',
              affected: 1,
              evidence: `nothing has come by webhook of ${provider} since ${instant(lastReceivedAtMs)}; silent after ${formatDistance(silentAfterMs)}`,
              graceMs: 0,
            },
          ]
        : [],
    ),
};
