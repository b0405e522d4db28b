import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { AppParts } from './app/app-parts.js';
import { inTurn } from './app/in-turn.js';
import {
  assessedBy,
  gatherFrom,
  openTokenDatabases,
  memoryPatienceMs,
} from './app/poll-databases.js';
import { startRefreshingWhereConfigured } from './app/refresh-where-configured.js';
import { createPageActions } from './app/page-actions.js';
import { showPages } from './app/show-pages.js';
import { countRunsIn, startRetryingSyncs } from './app/sync-work.js';
import {
  createHeartbeatWhereConfigured,
  startNotifyingPeople,
  startTelling,
} from './app/tell-people.js';
import { createWatchControl } from './app/watch-control.js';
import { watchRoute } from './app/watch-route.js';
import { startWatching } from './app/watch-stability.js';
import type { Config } from './config/config.js';
import { runCycle } from './cycle.js';
import type { CycleEffects } from './cycle.js';
import type { ConnectionPlans } from './database/plan-connections.js';
import type { Log } from './log.js';
import { createMemory } from './memory.js';
import { openAdminDoor } from './publish/admin-door.js';
import { createMetrics } from './publish/metrics.js';
import { formatPollReport } from './publish/poll-report.js';
import { createPublisher } from './publish/publisher.js';
import { createShadowReporter } from './publish/shadow-reporter.js';
import { createApp, listen } from './publish/server.js';
import { refreshedProviders } from './refresh/start-refreshing.js';
import { startAutomaticMail } from './remedy/mail-automatic.js';
import { startSchedule } from './schedule.js';
import { openStatePool } from './store/open-state-pool.js';

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
  connections: ConnectionPlans,
  facts: AppFacts,
  log: Log,
): Promise<App> {
  const databases = openTokenDatabases(connections, config, log);
  const { pool: statePool } = openStatePool(connections, (error) => {
    log.debug('an idle connection to the memory ended', { error: error.message });
  });
  const { pollIntervalMs, incidents } = config;
  const exporterFacts = { ...facts, pollIntervalMs, cliffShare: incidents.cliffShare };
  const metrics = createMetrics(exporterFacts);
  const parts: AppParts = { config, databases, statePool, metrics, log };
  // Before the first exposition: what starts at 0 must be seen at 0.
  for (const { name } of config.providers) metrics.refresh.declareEvents(name);
  for (const { name } of refreshedProviders(config)) metrics.refresh.declareProvider(name);
  const reportShadowed = createShadowReporter(config, metrics.refresh, log);
  const publisher = await createPublisher(metrics, exporterFacts, () => new Date());
  const memory = createMemory({
    pool: statePool,
    pollIntervalMs: config.pollIntervalMs,
    patienceMs: memoryPatienceMs(config),
    providers: config.providers,
    log,
    onEvents: metrics.refresh.recordEvents,
  });
  let journalProblem: string | null | undefined;
  const refreshing = startRefreshingWhereConfigured(parts, (problem) => {
    journalProblem = problem;
  });
  const notifier = startNotifyingPeople(parts, memory.isUsable);
  const heartbeat = createHeartbeatWhereConfigured(parts);
  const telling = startTelling(parts, notifier, () => journalProblem);
  const syncs = startRetryingSyncs(parts);
  const automaticMail = startAutomaticMail(config, { databaseOf: databases.of, statePool, log });
  const watcher = startWatching(parts, notifier, facts.version);
  const closePools = () => Promise.all([databases.close(), statePool.end()]);
  const tokenHealth =
    config.apiToken === null
      ? null
      : {
          apiToken: config.apiToken,
          latest: publisher.latest,
          now: () => new Date(),
          maxAgeMs: Math.min(config.pollIntervalMs, longestHealthAgeMs),
        };
  const door = openAdminDoor(config, () => performance.now());
  const watches = createWatchControl(parts, notifier);
  const admin = door && { door, actions: createPageActions(parts, watches) };
  const { readiness } = publisher.pages;
  const pages = showPages(parts, admin, facts, readiness, () => journalProblem);
  const routes = [watchRoute(watches, door, log), pages.routes];
  const http = createApp(publisher.pages, tokenHealth, routes);
  const server = await listen(http, config.listen).catch(async (error: unknown) => {
    await notifier.stop();
    await closePools();
    throw error;
  });

  const effects: Omit<CycleEffects, 'observe'> = {
    remember: memory.remember,
    publish: publisher.publish,
    tell: (latest, memories) => {
      pages.show(latest, memories);
      telling.tell(latest, memories);
    },
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
  const assessed = assessedBy(config);
  let isStopping = false;
  const pollWith = async (observe: CycleEffects['observe']): Promise<boolean> => {
    metrics.recordPollStarted();
    try {
      const before = publisher.latest();
      const known = await runCycle({ ...effects, observe }, assessed, before);
      if (known === before) return true;
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
  // Polls of late answers come between the others: each knows what the one before has shown.
  const takeTurn = inTurn();
  const gathering = gatherFrom(databases, config, memory.isUsable, () => {
    void takeTurn(async () => {
      const late = gathering.takeLate();
      if (late.length > 0 && !isStopping) await pollWith(() => Promise.resolve(late));
    });
  });
  const poll = () => takeTurn(() => pollWith(gathering.ask));
  const answerRequests = async (): Promise<boolean> => {
    if (memory.isUsable()) await refreshing?.answerRequests();
    return true;
  };
  const countRuns = async (database: string): Promise<boolean> => {
    if (memory.isUsable()) await countRunsIn(database, parts);
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
    ...[...databases.all.keys()].map((name) => every(config.pollIntervalMs, () => countRuns(name))),
    every(requestCheckMs, answerRequests),
    every(pruneMs, prune),
  ];

  return {
    url: server.url,
    async stop() {
      isStopping = true;
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

/** How long the end of the process waits for a poll. */
const stopPatienceMs = 2_000;

/** How long an application may keep what it was told of a token. */
const longestHealthAgeMs = 10_000;

/** How soon a request of a person is seen, and how often old lines of the ledger are deleted. */
const requestCheckMs = 2_000;
const pruneMs = 3_600_000;
