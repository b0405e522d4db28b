import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { refreshListener } from '../publish/refresh-listener.js';
import { refreshedProviders, startRefreshing } from '../refresh/start-refreshing.js';
import type { Refreshing } from '../refresh/start-refreshing.js';
import type { AppParts } from './app-parts.js';

/** Starts refreshing; null: nobody told us how to refresh anything. */
export function startRefreshingWhereConfigured(
  { config, databases, statePool, metrics, log }: AppParts,
  onJournal: (problem: string | null) => void,
): Refreshing | null {
  if (refreshedProviders(config).length === 0) return null;
  let journalProblem: string | null = null;
  return startRefreshing({
    config,
    databaseOf: databases.of,
    statePool,
    listenerFor: (provider) => refreshListener(provider, metrics.refresh, log),
    onJournal: (problem) => {
      onJournal(problem);
      metrics.refresh.recordJournal(problem === null);
      if (problem === journalProblem) return;
      journalProblem = problem;
      if (problem !== null) log.error(`nothing is refreshed: ${problem}`);
      else log.info('the journal can be used again');
    },
    onWarning: (message) => {
      log.warn(message);
    },
    processId: randomUUID(),
    random: Math.random,
    monotonicMs: () => performance.now(),
    clock: () => new Date(),
  });
}
