import type { NotifyConfig, WebhookConfig } from '../config/notify-config.js';
import type { PendingMessage } from '../store/outbox.js';
import type { WebhookState } from '../store/webhooks.js';
import { isNotice } from './is-notice.js';
import type { Notice } from './notice.js';
import { fallbackOf, routeNotice } from './route-notice.js';

/** What there is to do with the messages that may be delivered now. */
export interface DeliveryPlan {
  /** At most one per webhook: the oldest. */
  readonly sends: readonly {
    readonly webhook: WebhookConfig;
    readonly messageId: string;
  }[];
  /** No webhook is configured for them any more. */
  readonly toLog: readonly { readonly messageId: string; readonly notice: Notice }[];
  /** Their webhook is refused, and there is no other. */
  readonly stranded: readonly string[];
  /** Nobody can read them. */
  readonly unreadable: readonly string[];
  /** When a webhook is free for what waits for it; null: nothing waits for time alone. */
  readonly waitMs: number | null;
}

/**
 * Decides which messages leave over which webhooks now.
 *
 * Routes are looked at here and not when a message is written, so that what waits follows a
 * changed configuration, and goes to the fallback as soon as its own webhook is refused.
 */
export function planDelivery(
  messages: readonly PendingMessage[],
  stateOf: (webhook: WebhookConfig) => WebhookState | null,
  config: NotifyConfig,
): DeliveryPlan {
  const sends = new Map<WebhookConfig, string>();
  const toLog: { messageId: string; notice: Notice }[] = [];
  const stranded: string[] = [];
  const unreadable: string[] = [];
  const waits: number[] = [];
  const isRefused = (webhook: WebhookConfig) => (stateOf(webhook)?.latchDetail ?? null) !== null;

  for (const { id, notice } of messages) {
    if (!isNotice(notice)) {
      unreadable.push(id);
      continue;
    }
    const own = routeNotice(notice, config);
    if (own === null) {
      toLog.push({ messageId: id, notice });
      continue;
    }
    const webhook = isRefused(own) ? fallbackOf(config) : own;
    if (webhook === null || isRefused(webhook)) {
      stranded.push(id);
      continue;
    }
    const state = stateOf(webhook);
    if (sends.has(webhook) || state?.leasedByOther === true) continue;
    if (state !== null && state.waitMs > 0) waits.push(state.waitMs);
    else sends.set(webhook, id);
  }
  return {
    sends: [...sends].map(([webhook, messageId]) => ({ webhook, messageId })),
    toLog,
    stranded,
    unreadable,
    waitMs: waits.length === 0 ? null : Math.min(...waits),
  };
}
