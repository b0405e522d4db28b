import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { AppParts } from './app/app-parts.js';
import { openDatabase, pollPatienceMs } from './app/open-database.js';
import { startRefreshingWhereConfigured } from './app/refresh-where-configured.js';
import { createPageActions } from './app/page-actions.js';
import { showPages } from './app/show-pages.js';
import { countRunsOfAll, startRetryingSyncs } from './app/sync-work.js';
import {
  createHeartbeatWhereConfigured,
  startNotifyingPeople,
  startTelling,
} from './app/tell-people.js';
import { createWatchControl } from './app/watch-control.js';
import { watchRoute } from './app/watch-route.js';
import { startWatching } from './app/watch-stability.js';
import { sourcesSeen } from './assess/assess.js';
import type { PollResult } from './assess/assess.js';
import type { Config } from './config/config.js';
import { runCycle } from './cycle.js';
import type { CycleEffects } from './cycle.js';
import type { ConnectionPlan } from './database/connection-options.js';
import { DatabaseError } from './database/explain-database-error.js';
import type { Log } from './log.js';
import { createMemory } from './memory.js';
import { createTokenCarriers } from './observe/carried/token-carriers.js';
import { configuredSources, observe } from './observe/observe.js';
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
  const parts: AppParts = { config, database, statePool, metrics, log };
  // Before the first exposition: what starts at 0 must be seen at 0.
  for (const { name } of config.providers) metrics.refresh.declareEvents(name);
  for (const { name } of refreshedProviders(config)) metrics.refresh.declareProvider(name);
  const reportShadowed = createShadowReporter(config, metrics.refresh, log);
  const publisher = await createPublisher(metrics, exporterFacts, () => new Date());
  const memory = createMemory({
    pool: statePool,
    pollIntervalMs: config.pollIntervalMs,
    patienceMs: pollPatienceMs(config.pollIntervalMs),
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
  const automaticMail = startAutomaticMail(config, { database, statePool, log });
  const watcher = startWatching(parts, notifier, facts.version);
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

  const carriers = createTokenCarriers();
  const effects: CycleEffects = {
    observe: async (previous): Promise<PollResult> => {
      try {
        const seen = sourcesSeen(previous);
        const everyRow = memory.isUsable();
        const counted = previous.cron?.knowledge.cursor ?? null;
        const observation = await observe(
          database,
          config,
          seen,
          Date.now,
          everyRow,
          counted,
          carriers,
        );
        return { ok: true, observation };
      } catch (error) {
        if (error instanceof DatabaseError) return { ok: false, failure: error.failure };
        throw error;
      }
    },
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
    if (memory.isUsable()) await countRunsOfAll(parts);
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

/** How long the end of the process waits for a poll. */
const stopPatienceMs = 2_000;

/** How long an application may keep what it was told of a token. */
const longestHealthAgeMs = 10_000;

/** How soon a request of a person is seen, and how often old lines of the ledger are deleted. */
const requestCheckMs = 2_000;
const pruneMs = 3_600_000;
