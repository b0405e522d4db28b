import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { NotifyConfig, WebhookConfig } from '../config/notify-config.js';
import type { Query } from '../database/read-snapshot.js';
import { writeTransaction } from '../database/write-transaction.js';
import { claimMessage, postponeMessage, removeMessage } from '../store/outbox.js';
import type { PendingMessage } from '../store/outbox.js';
import { latchWebhook, leaseWebhook, recordSend, webhookFingerprint } from '../store/webhooks.js';
import { decideAfterAnswer } from './after-answer.js';
import type { NextMove } from './after-answer.js';
import type { DeliveryListener } from './delivery-listener.js';
import { isNotice } from './is-notice.js';
import { formatPlainMessage } from './plain-message.js';
import { formatNotice, formatNoticeAsText } from './slack-message.js';
import { sendTimeoutMs, sendToSlack } from './slack-webhook.js';

/** How fast messages leave, and how long others keep off what one process is sending. */
export interface DeliveryPace {
  /** Between two messages over one webhook: Slack allows one a second. */
  readonly spacingMs: number;
  /** Longer than a request may take. */
  readonly leaseMs: number;
}

export interface DeliveryTools {
  readonly pool: Pool;
  readonly config: NotifyConfig;
  readonly pace: DeliveryPace;
  readonly listener: DeliveryListener;
  /** Names this process among the replicas. */
  readonly owner: string;
  readonly monotonicMs: () => number;
  /** Aborted when the process has waited long enough for its end. */
  readonly abandoned: AbortSignal;
}

/**
 * Delivers one message over one webhook: take both, send, record what came of it.
 *
 * What Slack accepted is recorded before anything else is sent, however long the database is
 * away: while this process lives no message leaves twice. One that dies in between leaves a claim
 * that ends by itself, and that one message may come twice. Never zero times.
 */
export async function deliverMessage(
  tools: DeliveryTools,
  webhook: WebhookConfig,
  messageId: string,
): Promise<void> {
  const { pool, config, pace, listener, owner, monotonicMs } = tools;
  const fingerprint = webhookFingerprint(webhook.url);
  const startedAtMs = monotonicMs();
  const taken = await writeTransaction(pool, async (query) => {
    const lease = await leaseWebhook(query, fingerprint, owner, pace);
    const message = lease && (await claimMessage(query, messageId, pace.leaseMs));
    return message && { message, failures: lease.failures };
  });
  if (taken === null || !isNotice(taken.message.notice)) return;
  // A process that was stopped in between may have lost what it took.
  if (monotonicMs() - startedAtMs > pace.leaseMs - sendTimeoutMs) return;

  const { message, failures } = taken;
  const { notice } = taken.message;
  const options = { links: config.links, mention: config.mention };
  const payload = message.plain
    ? formatNoticeAsText(notice, options)
    : formatNotice(notice, options);
  const answer = await sendToSlack(webhook.url, payload);
  const move = decideAfterAnswer(answer, message, { failures, spacingMs: pace.spacingMs });
  if (answer.kind === 'failed') listener.onFailure(webhook.name, notice, answer);

  const latched = await untilRecorded(tools, (query) =>
    record(query, { fingerprint, owner, message, failures, move }),
  );
  if (move.kind === 'delivered') listener.onDelivered(webhook.name, notice);
  if (move.kind === 'latch' && latched === true) listener.onRefused(webhook.name, move.detail);
  if (move.kind === 'give_up') {
    const text = formatPlainMessage(notice, config.links);
    listener.onGivenUp(webhook.name, message.incidentId, text);
  }
}

/** True when this is the first to find the webhook refused. */
async function record(
  query: Query,
  {
    fingerprint,
    owner,
    message,
    failures,
    move,
  }: {
    readonly fingerprint: string;
    readonly owner: string;
    readonly message: PendingMessage;
    readonly failures: number;
    readonly move: NextMove;
  },
): Promise<boolean> {
  const free = (failuresNow: number, waitMs: number) =>
    recordSend(query, fingerprint, owner, { failures: failuresNow, waitMs });
  switch (move.kind) {
    case 'delivered':
    case 'give_up':
      await free(0, move.webhookWaitMs);
      await removeMessage(query, message.id);
      return false;
    case 'retry': {
      const { messageWaitMs: waitMs, plain } = move;
      await free(move.webhookFailed ? failures + 1 : 0, move.webhookWaitMs);
      await postponeMessage(query, message.id, { waitMs, plain });
      return false;
    }
    case 'latch': {
      // The webhook before the message, as whoever takes both does.
      const isNews = await latchWebhook(query, fingerprint, move.detail);
      await postponeMessage(query, message.id, { waitMs: 0, plain: message.plain });
      return isNews;
    }
  }
}

const recordAgainAfterMs = 1_000;

/** Writes until it is written, whatever the database does; null when the process must end first. */
async function untilRecorded<T>(
  { pool, listener, abandoned }: DeliveryTools,
  work: (query: Query) => Promise<T>,
): Promise<T | null> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await writeTransaction(pool, work);
    } catch (error) {
      if (tries === 0) {
        listener.onTrouble('what became of a message could not be recorded yet', error);
      }
      try {
        await delay(recordAgainAfterMs, undefined, { signal: abandoned });
      } catch {
        return null;
      }
    }
  }
}
