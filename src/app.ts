import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { sourcesSeen } from './assess/assess.js';
import type { PollResult } from './assess/assess.js';
import { seenCronTroubles } from './assess/cron-trouble.js';
import type { Config } from './config/config.js';
import { runCycle } from './cycle.js';
import type { CycleEffects } from './cycle.js';
import type { ConnectionPlan } from './database/connection-options.js';
import { DatabaseError } from './database/explain-database-error.js';
import { openPool } from './database/open-pool.js';
import type { SnapshotSource } from './database/read-snapshot.js';
import type { Log } from './log.js';
import { createMemory } from './memory.js';
import { createHeartbeat } from './notify/heartbeat.js';
import type { Heartbeat } from './notify/heartbeat.js';
import { startNotifying } from './notify/notifier.js';
import type { Notifier } from './notify/notifier.js';
import { incidentFile } from './notify/incident-file.js';
import { tellBeside } from './notify/tell-beside.js';
import { createTelling } from './notify/tell-incidents.js';
import type { Telling } from './notify/tell-incidents.js';
import { countSyncRuns } from './observe/count-sync-runs.js';
import { configuredSources, observe } from './observe/observe.js';
import { createMetrics } from './publish/metrics.js';
import type { Metrics } from './publish/metrics.js';
import { notifyListener } from './publish/notify-listener.js';
import { formatPollReport } from './publish/poll-report.js';
import { createPublisher } from './publish/publisher.js';
import { refreshListener } from './publish/refresh-listener.js';
import { createShadowReporter } from './publish/shadow-reporter.js';
import { createApp, listen } from './publish/server.js';
import { syncRetryListener } from './publish/sync-retry-listener.js';
import { openConnections } from './refresh/bounded-request.js';
import { refreshedProviders, startRefreshing } from './refresh/start-refreshing.js';
import type { Refreshing } from './refresh/start-refreshing.js';
import { startAutomaticMail } from './remedy/mail-automatic.js';
import { retriedProviders, startSyncRetries } from './remedy/retry-syncs.js';
import type { SyncRetries } from './remedy/retry-syncs.js';
import { startSchedule } from './schedule.js';
import { openStatePool } from './store/open-state-pool.js';
import { watchedConfiguration } from './watcher/watched-configuration.js';
import { watchMessage } from './watcher/watch-message.js';
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
  // Before the first exposition: what starts at 0 must be seen at 0.
  for (const { name } of config.providers) metrics.refresh.declareEvents(name);
  for (const { name } of refreshedProviders(config)) metrics.refresh.declareProvider(name);
  const reportShadowed = createShadowReporter(config, metrics.refresh, log);
  const publisher = await createPublisher(metrics, exporterFacts, () => new Date());
  const memory = createMemory({
    pool: statePool,
    pollIntervalMs: config.pollIntervalMs,
    providers: config.providers,
    log,
    onEvents: metrics.refresh.recordEvents,
  });
  let journalProblem: string | null | undefined;
  const refreshing = startRefreshingWhereConfigured(
    config,
    database,
    statePool,
    metrics,
    log,
    (problem) => {
      journalProblem = problem;
    },
  );
  const notifier = startNotifyingPeople(config, statePool, metrics, log, memory.isUsable);
  const heartbeat = createHeartbeatWhereConfigured(config, metrics, log);
  const telling = tellBeside(
    startTelling(config, statePool, notifier, metrics, log, () => journalProblem),
  );
  const syncs = startRetryingSyncs(config, statePool, metrics, log);
  const automaticMail = startAutomaticMail(config, { database, statePool, log });
  const watcher = createWatcher({
    pool: statePool,
    configuration: watchedConfiguration(config, facts.version),
    cron: seenCronTroubles,
    enqueue: (query, notice) => notifier.enqueue(query, watchMessage(notice)),
    announce: (notices) => {
      notifier.announce(notices.map(watchMessage));
    },
    onFigures: metrics.watch.record,
    log,
  });
  const closePools = () => Promise.all([database.pool.end(), statePool.end()]);
  const tokenHealth =
    config.apiToken === null
      ? null
      : {
          apiToken: config.apiToken,
          latest: publisher.latest,
          now: () => new Date(),
          maxAgeMs: Math.min(config.pollIntervalMs, longestHealthAgeMs),
        };
  const server = await listen(createApp(publisher.pages, tokenHealth), config.listen).catch(
    async (error: unknown) => {
      await notifier.stop();
      await closePools();
      throw error;
    },
  );

  const effects: CycleEffects = {
    observe: async (previous): Promise<PollResult> => {
      try {
        const seen = sourcesSeen(previous);
        const everyRow = memory.isUsable();
        const counted = previous.cron?.knowledge.cursor ?? null;
        const observation = await observe(database, config, seen, Date.now, everyRow, counted);
        return { ok: true, observation };
      } catch (error) {
        if (error instanceof DatabaseError) return { ok: false, failure: error.failure };
        throw error;
      }
    },
    remember: memory.remember,
    publish: publisher.publish,
    tell: telling.tell,
    refresh: (latest) => {
      automaticMail?.offer(latest);
      reportShadowed(latest);
      if (!memory.isUsable()) return;
      refreshing?.offer(latest);
      syncs.offer(latest);
    },
    watch: watcher.watch,
    report: (latest, poll, previous) => {
      const { level, message, fields } = formatPollReport(
        latest,
        poll,
        previous,
        config.pollIntervalMs,
      );
      log[level](message, fields);
    },
    monotonicMs: () => performance.now(),
  };
  const sources = configuredSources(config);
  const poll = async (): Promise<boolean> => {
    metrics.recordPollStarted();
    try {
      const known = await runCycle(effects, { ...config, sources }, publisher.latest());
      if (known.complete) heartbeat?.beat();
      // A database that is away is tried again soon; a source that is down waits for the next tick.
      return known.databaseFailure === null;
    } catch (error) {
      metrics.recordFaultyPoll();
      telling.tellFault(publisher.latest());
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
  const countRuns = async (): Promise<boolean> => {
    if (!memory.isUsable()) return true;
    for (const provider of config.providers) {
      try {
        const counts = await countSyncRuns(database, statePool, provider);
        if (counts !== null) metrics.syncs.recordRuns(provider.name, counts);
      } catch (error) {
        // The polls say what is wrong with the database or the memory.
        const message = error instanceof Error ? error.message : String(error);
        log.debug(`the syncs of ${provider.name} could not be counted yet`, { error: message });
      }
    }
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
    every(config.pollIntervalMs, countRuns),
    every(requestCheckMs, answerRequests),
    every(pruneMs, prune),
  ];

  return {
    url: server.url,
    async stop() {
      // Answers that are on their way are waited for: they may hold the only valid token.
      await Promise.all([refreshing?.stop(), notifier.stop(), heartbeat?.stop()]);
      const ending = [...schedules.map((schedule) => schedule.stop()), syncs.stop()];
      const stopped = Promise.all([...ending, server.close(), automaticMail?.stop()])
        .then(() => telling.settled())
        .then(closePools);
      await Promise.race([stopped, delay(stopPatienceMs)]);
    },
  };
}

/** The step that tells people: decided with each poll, delivered beside the polls. */
function startTelling(
  config: Config,
  statePool: Pool,
  notifier: Notifier,
  metrics: Metrics,
  log: Log,
  journalProblem: () => string | null | undefined,
): Telling {
  return createTelling({
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
      log.warn(message, { error: error instanceof Error ? error.message : String(error) });
    },
    clock: { now: Date.now, monotonicMs: () => performance.now() },
  });
}

/** null: nobody told us how to refresh anything. */
function startRefreshingWhereConfigured(
  config: Config,
  database: SnapshotSource,
  statePool: Pool,
  metrics: Metrics,
  log: Log,
  onJournal: (problem: string | null) => void,
): Refreshing | null {
  if (refreshedProviders(config).length === 0) return null;
  let journalProblem: string | null = null;
  return startRefreshing({
    config,
    database,
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

function startNotifyingPeople(
  { notify }: Config,
  statePool: Pool,
  metrics: Metrics,
  log: Log,
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

/** null: nobody watches over us. */
function createHeartbeatWhereConfigured(
  { notify: { heartbeatUrl } }: Config,
  metrics: Metrics,
  log: Log,
): Heartbeat | null {
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

/** Does nothing where no provider has an endpoint for it. */
function startRetryingSyncs(
  config: Config,
  statePool: Pool,
  metrics: Metrics,
  log: Log,
): SyncRetries {
  const connections = openConnections();
  for (const { name } of retriedProviders(config)) metrics.syncs.declareRetries(name);
  const listener = syncRetryListener(metrics.syncs, log);
  const retries = startSyncRetries({ config, statePool, connections, listener });
  return {
    offer: retries.offer,
    async stop() {
      // A sync holds no token: it need not be waited for, but what came of it is still noted.
      const ended = retries.stop();
      await connections.destroy();
      await ended;
    },
  };
}

/** How long the end of the process waits for a poll. */
const stopPatienceMs = 2_000;

/** How long an application may keep what it was told of a token. */
const longestHealthAgeMs = 10_000;

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
