import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { sourcesSeen } from './assess/assess.js';
import type { PollResult } from './assess/assess.js';
import type { Config } from './config/config.js';
import { runCycle } from './cycle.js';
import type { CycleEffects } from './cycle.js';
import type { ConnectionPlan } from './database/connection-options.js';
import { DatabaseError } from './database/explain-database-error.js';
import { openPool } from './database/open-pool.js';
import type { SnapshotSource } from './database/read-snapshot.js';
import type { Log } from './log.js';
import { createMemory } from './memory.js';
import { configuredSources, observe } from './observe/observe.js';
import { createMetrics } from './publish/metrics.js';
import type { Metrics } from './publish/metrics.js';
import { formatPollReport } from './publish/poll-report.js';
import { createPublisher } from './publish/publisher.js';
import { refreshListener } from './publish/refresh-listener.js';
import { createApp, listen } from './publish/server.js';
import { refreshedProviders, startRefreshing } from './refresh/start-refreshing.js';
import type { Refreshing } from './refresh/start-refreshing.js';
import { startSchedule } from './schedule.js';
import { openStatePool } from './store/open-state-pool.js';
import { watchedConfiguration } from './watcher/watched-configuration.js';
import { createWatcher } from './watcher/watcher.js';

export interface App {
  /** Where the HTTP server listens. */
  readonly url: string;
  /** Ends polling and listening. Waits for what is under way, but not for a database that hangs. */
  readonly stop: () => Promise<void>;
}

export interface AppFacts {
  readonly version: string;
  readonly demo: boolean;
}

/**
 * Builds every part, starts polling and listening.
 *
 * Rejects when the address can't be listened on. A database that is away is no reason to fail:
 * the exporter then says so in its metrics.
 */
export async function startApp(
  config: Config,
  connection: Extract<ConnectionPlan, { ok: true }>,
  facts: AppFacts,
  log: Log,
): Promise<App> {
  const database = openDatabase(config, connection, log);
  const { pool: statePool } = openStatePool(config, connection, (error) => {
    log.debug('an idle connection to the memory ended', { error: error.message });
  });
  const exporterFacts = { ...facts, pollIntervalMs: config.pollIntervalMs };
  const metrics = createMetrics(exporterFacts);
  const publisher = await createPublisher(metrics, exporterFacts, () => new Date());
  const memory = createMemory(statePool, log, metrics.refresh.recordEvents);
  const refreshing = startRefreshingWhereConfigured(config, database, statePool, metrics, log);
  const watcher = createWatcher({
    pool: statePool,
    configuration: watchedConfiguration(config, facts.version),
    cron: () => null,
    tell: (_query, { title, lines }) => {
      log.info(title, { lines });
      return Promise.resolve();
    },
    onFigures: metrics.watch.record,
    log,
  });
  const closePools = () => Promise.all([database.pool.end(), statePool.end()]);
  const server = await listen(createApp(publisher.pages), config.listen).catch(
    async (error: unknown) => {
      await closePools();
      throw error;
    },
  );

  const effects: CycleEffects = {
    observe: async (previous): Promise<PollResult> => {
      try {
        const seen = sourcesSeen(previous);
        const everyRow = memory.isUsable();
        const observation = await observe(database, config, seen, Date.now, everyRow);
        return { ok: true, observation };
      } catch (error) {
        if (error instanceof DatabaseError) return { ok: false, failure: error.failure };
        throw error;
      }
    },
    remember: memory.remember,
    publish: publisher.publish,
    refresh: (latest) => {
      if (memory.isUsable()) refreshing?.offer(latest);
    },
    watch: watcher.watch,
    report: (latest, poll, previous) => {
      const { level, message, fields } = formatPollReport(latest, poll, previous);
      log[level](message, fields);
    },
    monotonicMs: () => performance.now(),
  };
  const sources = configuredSources(config);
  const poll = async (): Promise<boolean> => {
    try {
      const known = await runCycle(effects, { ...config, sources }, publisher.latest());
      // A database that is away is tried again soon; a source that is down waits for the next tick.
      return known.databaseFailure === null;
    } catch (error) {
      metrics.recordFaultyPoll();
      log.error('a poll ended by a fault of the exporter: please report it', {
        error: error instanceof Error ? error.stack : String(error),
      });
      return false;
    }
  };
  const answerRequests = async (): Promise<boolean> => {
    if (memory.isUsable()) await refreshing?.answerRequests();
    return true;
  };
  const prune = () => memory.prune(config.state.ledgerRetentionMs);

  const every = (
    intervalMs: number,
    run: () => Promise<boolean>,
    onSkipped: () => void = () => undefined,
  ) => startSchedule({ intervalMs, run, onSkipped, now: Date.now });
  const schedules = [
    every(config.pollIntervalMs, poll, metrics.recordSkippedPoll),
    every(requestCheckMs, answerRequests),
    every(pruneMs, prune),
  ];

  return {
    url: server.url,
    async stop() {
      // Answers that are on their way are waited for: they may hold the only valid token.
      await refreshing?.stop();
      const ending = schedules.map((schedule) => schedule.stop());
      const stopped = Promise.all([...ending, server.close()]).then(closePools);
      await Promise.race([stopped, delay(stopPatienceMs)]);
    },
  };
}

/** null: nobody told us how to refresh anything. */
function startRefreshingWhereConfigured(
  config: Config,
  database: SnapshotSource,
  statePool: Pool,
  metrics: Metrics,
  log: Log,
): Refreshing | null {
  const providers = refreshedProviders(config);
  if (providers.length === 0) return null;
  for (const { name } of providers) metrics.refresh.declareProvider(name);
  return startRefreshing({
    config,
    database,
    statePool,
    listenerFor: (provider) => refreshListener(provider, metrics.refresh, log),
    onJournal: (problem) => {
      metrics.refresh.recordJournal(problem === null);
      if (problem !== null) log.error(`nothing is refreshed: ${problem}`);
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

/** How long the end of the process waits for a poll. */
const stopPatienceMs = 2_000;

/** How soon a request of a person is seen, and how often old lines of the ledger are deleted. */
const requestCheckMs = 2_000;
const pruneMs = 3_600_000;

/**
 * How long one poll may take: its interval, but never less than a slow database needs, nor so long
 * that its snapshot keeps the database from cleaning up.
 */
function openDatabase(
  config: Config,
  { client, target }: Extract<ConnectionPlan, { ok: true }>,
  log: Log,
): SnapshotSource {
  const timeoutMs = Math.min(Math.max(4_000, config.pollIntervalMs), 60_000);
  const pool = openPool(client, {
    connectTimeoutMs: Math.min(timeoutMs, 10_000),
    onIdleError: (error) => {
      log.debug('an idle connection to the database ended', { error: error.message });
    },
  });
  return { pool, target, timeoutMs };
}
