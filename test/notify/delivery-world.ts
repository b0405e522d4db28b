import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { NotifyConfig } from '../../src/config/notify-config.js';
import { openPool } from '../../src/database/open-pool.js';
import { writeTransaction } from '../../src/database/write-transaction.js';
import type { DeliveryListener } from '../../src/notify/delivery-listener.js';
import { startDelivery } from '../../src/notify/deliver-outbox.js';
import type { Delivery } from '../../src/notify/deliver-outbox.js';
import type { DeliveryPace } from '../../src/notify/deliver-message.js';
import { migrate } from '../../src/store/migrate.js';
import { enqueue } from '../../src/store/outbox.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase, TestServer } from '../support/postgres.js';
import { startSlackEndpoint } from '../support/slack-endpoint.js';
import type { SlackEndpoint } from '../support/slack-endpoint.js';
import { noLinks, noticeOf } from './notices.js';

/** What a replica said of its messages: `failure slack rate_limited`. */
export interface Replica {
  readonly heard: readonly string[];
  readonly delivery: Delivery;
}

export interface DeliveryWorld {
  readonly database: TestDatabase;
  readonly slack: SlackEndpoint;
  readonly config: NotifyConfig;
  /** Puts a message of an incident into the outbox. */
  readonly tell: (incidentId: string, title: string) => Promise<void>;
  readonly startReplica: (options?: {
    readonly url?: string;
    readonly config?: NotifyConfig;
    readonly pace?: DeliveryPace;
  }) => Replica;
  readonly pending: () => Promise<number>;
  /** The titles that were delivered over a webhook, in order. */
  readonly titles: (webhook?: string) => string[];
  readonly stop: () => Promise<void>;
}

/** Ten times as fast as Slack wants it, so that a test need not last. */
export const quickPace: DeliveryPace = { spacingMs: 100, leaseMs: 11_000 };

/** A database, a Slack, and as many replicas of the delivery as a test wants. */
export async function startDeliveryWorld({
  server = testServer17,
  spacingMs = quickPace.spacingMs,
  fallback = false,
  onAccepted = () => undefined,
}: {
  readonly server?: TestServer;
  readonly spacingMs?: number;
  readonly fallback?: boolean;
  /** Slack has taken a message; its answer has not left yet. */
  readonly onAccepted?: () => void;
} = {}): Promise<DeliveryWorld> {
  const database = await createDatabase(server);
  const slack = await startSlackEndpoint({ spacingMs, onAccepted });
  const pools: Pool[] = [];
  const replicas: Delivery[] = [];
  const open = (url: string) => {
    const pool = openPool(
      { connectionString: url },
      { connectTimeoutMs: 2_000, onIdleError: () => undefined },
    );
    pools.push(pool);
    return pool;
  };
  const own = open(database.url);
  await migrate(own);
  const names = ['slack', ...(fallback ? ['slack-fallback'] : [])];
  const config: NotifyConfig = {
    webhooks: names.map((name) => ({ name, url: slack.url(name) })),
    routes: [],
    accounts: 'masked',
    mention: null,
    links: noLinks,
    heartbeatUrl: null,
  };
  return {
    database,
    slack,
    config,
    tell: (incidentId, title) =>
      writeTransaction(own, (query) =>
        enqueue(query, { incidentId, notice: noticeOf({ incidentId, title }) }),
      ),
    startReplica(options = {}) {
      const heard: string[] = [];
      const delivery = startDelivery(
        {
          pool: open(options.url ?? database.url),
          config: options.config ?? config,
          pace: options.pace ?? { ...quickPace, spacingMs },
          listener: recordingListener(heard),
          owner: randomUUID(),
          monotonicMs: () => performance.now(),
        },
        () => true,
      );
      replicas.push(delivery);
      return { heard, delivery };
    },
    async pending() {
      const [row] = await database.query<{ count: number }>(
        'SELECT count(*)::integer FROM oauth_token_exporter.outbox',
      );
      return row?.count ?? -1;
    },
    titles: (webhook = 'slack') =>
      slack.messages
        .filter((message) => message.webhook === webhook)
        .map(({ text }) => (text.split('\n')[0] ?? '').replace('🔴 OPEN fathom: ', '')),
    async stop() {
      await Promise.all(replicas.map((delivery) => delivery.stop()));
      await Promise.all(pools.map((pool) => pool.end()));
      await slack.stop();
      await database.drop();
    },
  };
}

/** Writes down what it hears, a line each. */
export function recordingListener(heard: string[]): DeliveryListener {
  return {
    onDelivered: (channel, { title }) => heard.push(`delivered ${channel} ${title}`),
    onLogged: (_, text) => heard.push(`logged ${text.split('\n')[0] ?? ''}`),
    onFailure: (channel, _, { reason, detail }) =>
      heard.push(`failure ${channel} ${reason} ${detail}`),
    onRefused: (channel, detail) => heard.push(`refused ${channel} ${detail}`),
    onGivenUp: (channel, incidentId) => heard.push(`given up ${channel} ${incidentId}`),
    onOutbox: () => undefined,
    onTrouble: (message, error) =>
      heard.push(`trouble ${message} ${error instanceof Error ? error.message : ''}`),
  };
}
