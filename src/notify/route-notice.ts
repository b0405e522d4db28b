import type { NotifyConfig, WebhookConfig } from '../config/notify-config.js';
import type { Notice } from './notice.js';

/** The webhook that the configuration names for a notice; null: it goes to the log. */
export function routeNotice(
  { provider, severity }: Pick<Notice, 'provider' | 'severity'>,
  { routes, webhooks }: NotifyConfig,
): WebhookConfig | null {
  const fits = (wanted: readonly string[], value: string | null) =>
    wanted.length === 0 || (value !== null && wanted.includes(value));
  const route = routes.find(
    ({ providers, severities }) => fits(providers, provider) && fits(severities, severity),
  );
  const name = route?.webhook ?? 'slack';
  return webhooks.find((webhook) => webhook.name === name) ?? null;
}

/** Where messages go while their own webhook is refused; null: nowhere. */
export function fallbackOf({ webhooks }: NotifyConfig): WebhookConfig | null {
  return webhooks.find(({ name }) => name === 'slack-fallback') ?? null;
}
