import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { createHeartbeat } from '../notify/heartbeat.js';
import type { Heartbeat } from '../notify/heartbeat.js';
import { incidentFile } from '../notify/incident-file.js';
import { startNotifying } from '../notify/notifier.js';
import type { Notifier } from '../notify/notifier.js';
import { tellBeside } from '../notify/tell-beside.js';
import type { TellingBeside } from '../notify/tell-beside.js';
import { createTelling } from '../notify/tell-incidents.js';
import { notifyListener } from '../publish/notify-listener.js';
import { messageOf } from './app-parts.js';
import type { AppParts } from './app-parts.js';

/** The step that tells people: decided with each poll, delivered beside the polls. */
export function startTelling(
  { config, statePool, metrics, log }: AppParts,
  notifier: Notifier,
  journalProblem: () => string | null | undefined,
): TellingBeside {
  const telling = createTelling({
    config,
    statePool,
    host: hostname(),
    enqueue: notifier.enqueue,
    announce: notifier.announce,
    sendDirectly: notifier.sendDirectly,
    tellUnremembered: (notice) => {
      void notifier.sendDirectly(notice);
    },
    file: incidentFile(config.journal.directory),
    newId: randomUUID,
    journalProblem,
    onStates: metrics.incidents.recordStates,
    onTrouble: (message, error) => {
      log.warn(message, { error: messageOf(error) });
    },
    clock: { now: Date.now, monotonicMs: () => performance.now() },
  });
  return tellBeside(telling);
}

/** Starts to deliver messages, to Slack or to the log. */
export function startNotifyingPeople(
  { config: { notify }, statePool, metrics, log }: AppParts,
  isUsable: () => boolean,
): Notifier {
  for (const { name } of [...notify.webhooks, { name: 'log' }]) metrics.notify.declareChannel(name);
  return startNotifying({
    config: notify,
    statePool,
    listener: notifyListener(metrics.notify, log),
    isUsable,
    processId: randomUUID(),
    monotonicMs: () => performance.now(),
  });
}

/** Calls a dead man's switch; null: nobody watches over us. */
export function createHeartbeatWhereConfigured({
  config: {
    notify: { heartbeatUrl },
  },
  metrics,
  log,
}: AppParts): Heartbeat | null {
  if (heartbeatUrl === null) return null;
  return createHeartbeat({
    url: heartbeatUrl,
    onFailure: (detail, isNews) => {
      metrics.notify.recordHeartbeatFailure();
      if (isNews) log.warn('the heartbeat was not heard', { detail });
    },
    onRecovered: () => {
      log.info('the heartbeat is heard again');
    },
  });
}
