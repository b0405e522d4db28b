import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import { notificationFailureReasons } from '../notify/notification-failure.js';
import type { NotificationFailureReason } from '../notify/notification-failure.js';
import { gauge } from './gauge.js';

/** Metrics of messages to people. */
export interface NotifyMetrics {
  /** Starts every series of a channel at 0. */
  readonly declareChannel: (channel: string) => void;
  readonly recordDelivered: (channel: string) => void;
  readonly recordFailure: (channel: string, reason: NotificationFailureReason) => void;
  readonly recordOutbox: (state: {
    readonly pending: number;
    readonly oldestEnqueuedAtMs: number | null;
  }) => void;
  readonly recordHeartbeatFailure: () => void;
}

/** Creates the metrics of messages. Counters are this process' own; the outbox is shared by all. */
export function createNotifyMetrics(registry: Registry): NotifyMetrics {
  const registers = [registry];
  const delivered = new Counter({
    name: 'oauth_notifications_total',
    help: 'Messages that this process delivered. log: no webhook is configured for them.',
    labelNames: ['channel'],
    registers,
  });
  const failures = new Counter({
    name: 'oauth_notification_failures_total',
    help: 'Attempts of this process to deliver a message that failed, by reason. given_up: for good.',
    labelNames: ['channel', 'reason'],
    registers,
  });
  const pending = gauge(
    registry,
    'oauth_notifications_pending',
    'Messages that are not delivered yet.',
  );
  const oldest = gauge(
    registry,
    'oauth_notification_oldest_pending_timestamp_seconds',
    'Since when the oldest message waits to be delivered. Absent when none does.',
  );
  // Without labels they would start at 0, before anybody has looked.
  pending.remove();
  oldest.remove();
  const heartbeatFailures = new Counter({
    name: 'oauth_token_exporter_heartbeat_failures_total',
    help: 'Calls of HEARTBEAT_URL that failed.',
    registers,
  });

  return {
    declareChannel(channel) {
      delivered.inc({ channel }, 0);
      for (const reason of notificationFailureReasons) failures.inc({ channel, reason }, 0);
    },
    recordDelivered(channel) {
      delivered.inc({ channel });
    },
    recordFailure(channel, reason) {
      failures.inc({ channel, reason });
    },
    recordOutbox({ pending: count, oldestEnqueuedAtMs }) {
      pending.set(count);
      if (oldestEnqueuedAtMs === null) oldest.remove();
      else oldest.set(oldestEnqueuedAtMs / 1000);
    },
    recordHeartbeatFailure() {
      heartbeatFailures.inc();
    },
  };
}
