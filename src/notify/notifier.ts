import type { Pool } from 'pg';
import type { NotifyConfig } from '../config/notify-config.js';
import type { Query } from '../database/read-snapshot.js';
import type { DeliveryListener } from './delivery-listener.js';
import { slackPace, startDelivery } from './deliver-outbox.js';
import { enqueueNotice } from './enqueue-notice.js';
import { withAccountsShown } from './mask-account.js';
import type { Notice } from './notice.js';
import { formatPlainMessage } from './plain-message.js';
import { fallbackOf, routeNotice } from './route-notice.js';
import { formatNotice } from './slack-message.js';
import { sendToSlack } from './slack-webhook.js';

/** How incidents reach people. */
export interface Notifier {
  /**
   * Puts a notice into the outbox, in the transaction that writes the incident's state. Does
   * nothing where no webhook is configured for it: see `announce`.
   */
  readonly enqueue: (query: Query, notice: Notice) => Promise<void>;
  /** To be called once that transaction is committed: what has no webhook goes to the log now. */
  readonly announce: (notices: readonly Notice[]) => void;
  /**
   * Sends a notice past the outbox, for when there is none to be had; to the log where nobody
   * takes it. Says whether a channel took it. Never throws.
   */
  readonly sendDirectly: (notice: Notice) => Promise<boolean>;
  /** Waits, within limits, for what is on its way. */
  readonly stop: () => Promise<void>;
}

export interface NotifierParts {
  readonly config: NotifyConfig;
  readonly statePool: Pool;
  readonly listener: DeliveryListener;
  /** Whether the memory, and with it the outbox, is there. */
  readonly isUsable: () => boolean;
  readonly processId: string;
  readonly monotonicMs: () => number;
}

/** Starts to deliver what lies in the outbox. */
export function startNotifying(parts: NotifierParts): Notifier {
  const { config, listener } = parts;
  const delivery = startDelivery(
    {
      pool: parts.statePool,
      config,
      pace: slackPace,
      listener,
      owner: parts.processId,
      monotonicMs: parts.monotonicMs,
    },
    parts.isUsable,
  );
  const shown = (notice: Notice) => withAccountsShown(notice, config.accounts);
  const toLog = (notice: Notice) => {
    listener.onLogged(notice, formatPlainMessage(shown(notice), config.links));
  };

  return {
    async enqueue(query, notice) {
      await enqueueNotice(query, config, notice);
    },
    announce(notices) {
      for (const notice of notices) if (routeNotice(notice, config) === null) toLog(notice);
      delivery.wake();
    },
    async sendDirectly(notice) {
      const own = routeNotice(notice, config);
      const channels = own === null ? [] : [own, fallbackOf(config)];
      for (const webhook of channels) {
        if (webhook === null) continue;
        const answer = await sendToSlack(webhook.url, formatNotice(shown(notice), config));
        if (answer.kind === 'accepted') {
          listener.onDelivered(webhook.name, notice);
          return true;
        }
        listener.onFailure(webhook.name, notice, answer);
      }
      toLog(notice);
      return own === null;
    },
    stop: delivery.stop,
  };
}
