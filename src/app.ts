import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { nothingKnown, sourcesSeen } from './assess/assess.js';
import type { Assessment, PollResult } from './assess/assess.js';
import type { Config } from './config/config.js';
import { runCycle } from './cycle.js';
import type { CycleEffects } from './cycle.js';
import type { ConnectionPlan } from './database/connection-options.js';
import { DatabaseError } from './database/explain-database-error.js';
import { openPool } from './database/open-pool.js';
import type { SnapshotSource } from './database/read-snapshot.js';
import type { Log } from './log.js';
import { configuredSources, observe } from './observe/observe.js';
import { renderExposition } from './publish/exposition.js';
import type { Exposition } from './publish/exposition.js';
import { formatLandingPage } from './publish/landing-page.js';
import { createMetrics } from './publish/metrics.js';
import { formatPollReport } from './publish/poll-report.js';
import { readiness } from './publish/readiness.js';
import { createApp, listen } from './publish/server.js';
import { renderTokenSeries } from './publish/token-series.js';
import { startSchedule } from './schedule.js';

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
  const metrics = createMetrics({ ...facts, pollIntervalMs: config.pollIntervalMs });

  let assessment: Assessment = nothingKnown;
  let lastSuccessAt: Date | null = null;
  let tokenSeries = await renderTokenSeries(assessment.providers);
  let exposition: Exposition = await renderExposition(metrics.registry, tokenSeries);

  const effects: CycleEffects = {
    observe: async (previous): Promise<PollResult> => {
      try {
        const seen = sourcesSeen(previous);
        return { ok: true, observation: await observe(database, config, seen, Date.now) };
      } catch (error) {
        if (error instanceof DatabaseError) return { ok: false, failure: error.failure };
        throw error;
      }
    },
    publish: async (latest, poll) => {
      metrics.recordPoll(latest, poll);
      if (latest.databaseFailure === null) tokenSeries = await renderTokenSeries(latest.providers);
      exposition = await renderExposition(metrics.registry, tokenSeries);
      // Only now, so that all pages tell of the same poll.
      assessment = latest;
      if (latest.complete) lastSuccessAt = new Date();
    },
    report: (latest, poll, previous) => {
      const { level, message, fields } = formatPollReport(latest, poll, previous);
      log[level](message, fields);
    },
    monotonicMs: () => performance.now(),
  };
  const sources = configuredSources(config);

  const currentReadiness = () =>
    readiness(lastSuccessAt, assessment, new Date(), config.pollIntervalMs);
  const server = await listen(
    createApp({
      exposition: () => exposition,
      readiness: currentReadiness,
      landing: () => formatLandingPage({ ...facts, assessment, readiness: currentReadiness() }),
    }),
    config.listen,
  ).catch(async (error: unknown) => {
    await database.pool.end();
    throw error;
  });

  const schedule = startSchedule({
    intervalMs: config.pollIntervalMs,
    now: Date.now,
    onSkipped: metrics.recordSkippedPoll,
    run: async () => {
      try {
        return (await runCycle(effects, { sources }, assessment)).complete;
      } catch (error) {
        metrics.recordFaultyPoll();
        log.error('a poll ended by a fault of the exporter: please report it', {
          error: error instanceof Error ? error.stack : String(error),
        });
        return false;
      }
    },
  });

  return {
    url: server.url,
    async stop() {
      const stopped = Promise.all([schedule.stop(), server.close()]).then(() =>
        database.pool.end(),
      );
      await Promise.race([stopped, delay(stopPatienceMs)]);
    },
  };
}

/** How long the end of the process waits for a poll. */
const stopPatienceMs = 2_000;

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
