import type { WebhookProblem } from '../../assess/webhooks.js';
import { unseen, whole } from './cause.js';
import type { ProviderCause } from './cause.js';
import { sawBeside } from './saw-sources.js';

const words: Readonly<Record<WebhookProblem, string>> = {
  silent: 'Nothing has come for longer than webhooks.silent_after.',
  delayed: 'Half of what came took longer than webhooks.delayed_after.',
  carried_by_cron: 'What comes, comes with the runs of a cron job and not by webhook.',
  failing: 'More than a fifth of the events failed.',
};

/** Users wait for what a webhook should have brought, or never get it. */
export const webhooksImpaired: ProviderCause = {
  name: 'webhooks_impaired',
  severity: 'warning',
  opensAtOnce: false,
  scope: 'provider',
  runbook: 'oauthwebhooksimpaired',
  title: () => 'Webhooks silent, late or failing',
  explanation:
    'What webhooks should bring does not come, comes late or fails. If it still comes by a cron job, users get it late; if not, they miss it.',
  nextStep:
    'See that the webhook is still registered at the provider, with the secret that the application checks.',
  proof: 'They bring in time what they should.',
  find: (context) => {
    const { webhooks } = context.assessed;
    if (webhooks === null || !sawBeside(context, ['webhook_arrivals', 'webhook_events'])) {
      return unseen;
    }
    const { problems } = webhooks;
    // That a job carries them explains a delay, and is none.
    const isSo = problems.some((problem) => problem !== 'carried_by_cron');
    const detail = isSo ? problems.map((problem) => words[problem]).join(' ') : null;
    return whole(isSo, context.provider.name, detail);
  },
};
