import type { Log } from '../log.js';
import type { DeliveryListener } from '../notify/delivery-listener.js';
import type { Notice } from '../notify/notice.js';
import type { NotifyMetrics } from './notify-metrics.js';

/** Turns what becomes of messages into metrics and log lines. */
export function notifyListener(metrics: NotifyMetrics, log: Log): DeliveryListener {
  return {
    onDelivered(channel, notice) {
      metrics.recordDelivered(channel);
      log.info('people were told', { channel, ...fieldsOf(notice) });
    },
    onLogged(notice, text) {
      metrics.recordDelivered('log');
      log[levelOf(notice)](text, { channel: 'log', ...fieldsOf(notice) });
    },
    onFailure(channel, notice, { reason, detail }) {
      metrics.recordFailure(channel, reason);
      const fields = { channel, ...fieldsOf(notice), reason, detail };
      if (reason === 'message_rejected') {
        log.warn('Slack refused the content of a message; please report it', fields);
      } else {
        log.warn('a message could not be delivered yet', fields);
      }
    },
    onRefused(channel, detail) {
      log.error(
        `the webhook ${channel} is refused for good and not used any more: make a new one in Slack ` +
          `and configure its URL, or mend it and run notify test --webhook ${channel}`,
        { channel, detail },
      );
    },
    onGivenUp(channel, incident, text) {
      metrics.recordFailure(channel, 'given_up');
      log.error(`NOBODY WAS TOLD, this message was given up:\n${text}`, { channel, incident });
    },
    onOutbox: metrics.recordOutbox,
    onTrouble(message, error) {
      log.warn(message, error instanceof Error ? { error: error.message } : {});
    },
  };
}

function fieldsOf({ incidentId, provider, cause, kind }: Notice) {
  return { incident: incidentId, provider, cause, kind };
}

function levelOf({ kind, severity }: Notice): 'info' | 'warn' | 'error' {
  if (kind === 'recovered') return 'info';
  switch (severity) {
    case 'critical':
      return 'error';
    case 'warning':
      return 'warn';
    case 'info':
      return 'info';
  }
}
