import { setTimeout as delay } from 'node:timers/promises';
import { writeTransaction } from '../database/write-transaction.js';
import { giveUpMessages, postponeMessage, readOutbox, removeMessage } from '../store/outbox.js';
import type { PendingMessage } from '../store/outbox.js';
import {
  readWebhooks,
  registerWebhooks,
  releaseWebhooks,
  webhookFingerprint,
} from '../store/webhooks.js';
import { deliverMessage } from './deliver-message.js';
import type { DeliveryPace, DeliveryTools } from './deliver-message.js';
import { planDelivery } from './delivery-plan.js';
import type { DeliveryPlan } from './delivery-plan.js';
import { isNotice } from './is-notice.js';
import { formatPlainMessage } from './plain-message.js';
import { routeNotice } from './route-notice.js';

/** What cannot be delivered for so long is given up. */
const giveUpAfterMs = 24 * 3_600_000;

/** How often the outbox is looked at when nothing else happens. */
const lookEveryMs = 1_000;
/** The same where no webhook is configured: only what was meant for one that was may lie there. */
const lookRarelyMs = 60_000;

/** When what is stranded is looked at again: somebody may have mended the webhook. */
const strandedMs = 60_000;

/** How long the end of the process waits for what is being sent and recorded, and then for the lease. */
const stopPatienceMs = 12_000;
const releasePatienceMs = 1_000;

export interface Delivery {
  /** Something was put into the outbox: look at once. */
  readonly wake: () => void;
  /** Takes nothing new and waits, within limits, for what is on its way. */
  readonly stop: () => Promise<void>;
}

export const slackPace: DeliveryPace = { spacingMs: 1_000, leaseMs: 30_000 };

/**
 * Delivers what lies in the outbox, until stopped.
 *
 * Every replica runs this; each webhook has one sender among them at a time. `isUsable` says
 * whether the outbox is there: until then nothing is asked of the database.
 */
export function startDelivery(
  tools: Omit<DeliveryTools, 'abandoned'>,
  isUsable: () => boolean,
): Delivery {
  const { pool, config, listener, owner } = tools;
  const abandoned = new AbortController();
  const underWay = new Map<string, Promise<void>>();
  const held = new Set<string>();
  const fingerprints = new Map(
    config.webhooks.map((webhook) => [webhook, webhookFingerprint(webhook.url)]),
  );
  const idleMs = config.webhooks.length === 0 ? lookRarelyMs : lookEveryMs;
  let alarm = new AbortController();
  let stopping = false;
  let hasSent = false;
  let registered = false;
  let trouble: string | null = null;

  const complain = (message: string, error: unknown) => {
    const kind = `${message} ${error instanceof Error ? error.message : ''}`;
    if (kind !== trouble) listener.onTrouble(message, error);
    trouble = kind;
  };

  const look = async (): Promise<DeliveryPlan> => {
    const all = [...fingerprints.values()];
    const { outbox, states } = await writeTransaction(pool, async (query) => {
      if (!registered) await registerWebhooks(query, all);
      return { outbox: await readOutbox(query), states: await readWebhooks(query, owner, all) };
    });
    registered = true;
    listener.onOutbox(outbox);
    const waiting = outbox.messages.filter(({ id }) => !held.has(id));
    if (waiting.some(({ failingSinceMs }) => failingSinceMs !== null)) await giveUp();
    const byFingerprint = new Map(states.map((state) => [state.fingerprint, state]));
    return planDelivery(
      waiting,
      (webhook) => byFingerprint.get(fingerprints.get(webhook) ?? '') ?? null,
      config,
    );
  };

  const giveUp = async () => {
    const lost = await writeTransaction(pool, (query) => giveUpMessages(query, giveUpAfterMs));
    for (const message of lost) tellOfLoss(message);
  };

  const tellOfLoss = ({ notice, incidentId }: PendingMessage) => {
    if (isNotice(notice)) {
      const channel = routeNotice(notice, config)?.name ?? 'log';
      listener.onGivenUp(channel, incidentId, formatPlainMessage(notice, config.links));
    } else {
      listener.onGivenUp('log', incidentId, 'a message that this version cannot read');
    }
  };

  const settle = async ({ toLog, stranded, unreadable }: DeliveryPlan) => {
    for (const { messageId, notice } of toLog) {
      const mine = await writeTransaction(pool, (query) => removeMessage(query, messageId));
      if (mine) listener.onLogged(notice, formatPlainMessage(notice, config.links));
    }
    if (stranded.length + unreadable.length === 0) return;
    await writeTransaction(pool, async (query) => {
      for (const id of [...stranded, ...unreadable]) {
        await postponeMessage(query, id, { waitMs: strandedMs, plain: false });
      }
    });
  };

  const send = ({ webhook, messageId }: DeliveryPlan['sends'][number]) => {
    const key = fingerprints.get(webhook) ?? '';
    if (underWay.has(key)) return;
    held.add(messageId);
    hasSent = true;
    const sending = deliverMessage({ ...tools, abandoned: abandoned.signal }, webhook, messageId)
      .catch((error: unknown) => {
        complain('a message could not be taken from the outbox', error);
      })
      .finally(() => {
        underWay.delete(key);
        held.delete(messageId);
        alarm.abort();
      });
    underWay.set(key, sending);
  };

  /** Answers with how long there is nothing to do. */
  const step = async (): Promise<number> => {
    if (!isUsable()) return idleMs;
    try {
      const plan = await look();
      trouble = null;
      await settle(plan);
      if (!stopping) for (const each of plan.sends) send(each);
      return Math.min(idleMs, plan.waitMs ?? idleMs);
    } catch (error) {
      if (!isSaidElsewhere(error)) complain('the outbox cannot be used', error);
      return idleMs;
    }
  };

  const run = async () => {
    while (!stopping) {
      alarm = new AbortController();
      const waitMs = await step();
      await delay(waitMs, undefined, { signal: alarm.signal }).catch(() => undefined);
    }
  };

  void run();
  return {
    wake: () => {
      alarm.abort();
    },
    async stop() {
      stopping = true;
      alarm.abort();
      await within(stopPatienceMs, Promise.all(underWay.values()));
      abandoned.abort();
      if (!hasSent) return;
      // Whoever comes next need not wait for the lease to end.
      const released = writeTransaction(pool, (query) => releaseWebhooks(query, owner));
      await within(
        releasePatienceMs,
        released.catch(() => undefined),
      );
    },
  };
}

async function within(patienceMs: number, work: Promise<unknown>): Promise<void> {
  const impatience = new AbortController();
  const { signal } = impatience;
  await Promise.race([work, delay(patienceMs, undefined, { signal }).catch(() => undefined)]);
  impatience.abort();
}

/** The first poll makes the outbox; that this role may not use it, the memory says itself. */
function isSaidElsewhere(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === '42P01' || code === '3F000' || code === '42501';
}
