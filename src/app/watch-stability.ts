import { seenCron } from '../assess/cron-trouble.js';
import type { Notifier } from '../notify/notifier.js';
import { watchedConfiguration } from '../watcher/watched-configuration.js';
import { watchMessage } from '../watcher/watch-message.js';
import { createWatcher } from '../watcher/watcher.js';
import type { Watcher } from '../watcher/watcher.js';
import type { AppParts } from './app-parts.js';
import { memoryPatienceMs } from './poll-databases.js';

/** Builds the step that adds each poll to the stability watches that people started. */
export function startWatching(
  { config, statePool, metrics, log }: AppParts,
  notifier: Notifier,
  version: string,
): Watcher {
  return createWatcher({
    pool: statePool,
    pollIntervalMs: config.pollIntervalMs,
    patienceMs: memoryPatienceMs(config),
    configuration: watchedConfiguration(config, version),
    cron: seenCron,
    enqueue: (query, notice) => notifier.enqueue(query, watchMessage(notice)),
    announce: (notices) => {
      notifier.announce(notices.map(watchMessage));
    },
    onFigures: metrics.watch.record,
    log,
  });
}
