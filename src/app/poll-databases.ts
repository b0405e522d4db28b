import { performance } from 'node:perf_hooks';
import { sourcesSeen } from '../assess/assess.js';
import type { Assessment, PollResult } from '../assess/assess.js';
import type { AssessedDatabases } from '../assess/assess-databases.js';
import type { Config } from '../config/config.js';
import { DatabaseError } from '../database/explain-database-error.js';
import { openDatabases } from '../database/databases.js';
import type { Databases } from '../database/databases.js';
import type { ConnectionPlans } from '../database/plan-connections.js';
import type { Log } from '../log.js';
import { createTokenCarriers } from '../observe/carried/token-carriers.js';
import { ofDatabase } from '../observe/of-database.js';
import { configuredSources, observe } from '../observe/observe.js';
import { createGathering } from './gather-readings.js';
import type { Gathering } from './gather-readings.js';

/**
 * How long a poll may wait for a database: its interval, but never less than a slow one needs, nor
 * so long that its snapshot keeps the database from cleaning up.
 */
function pollPatienceMs(pollIntervalMs: number): number {
  return Math.min(Math.max(4_000, pollIntervalMs), 60_000);
}

/** How long a poll waits for the memory: of several databases none may grow old over it. */
export function memoryPatienceMs({ pollIntervalMs, databases }: Config): number {
  const patienceMs = pollPatienceMs(pollIntervalMs);
  if (databases.length === 1) return patienceMs;
  return Math.min(patienceMs, Math.max(1_000, pollIntervalMs / 2));
}

/** How long a poll waits for one of several databases: what the others show is no older for it. */
const graceMs = 500;

/**
 * For how long a poll reads rows of each large table that is to be carried: a tenth of the interval
 * for all of a database, and never much of a poll's patience.
 */
export function firstReadMs(config: Config, database: string): number {
  const { pollIntervalMs } = config;
  const heldMs = Math.min(pollIntervalMs, pollPatienceMs(pollIntervalMs));
  return heldMs / 10 / ofDatabase(config, database).providers.length;
}

/** Opens the databases of the tokens. */
export function openTokenDatabases(
  { databases }: ConnectionPlans,
  { pollIntervalMs }: Config,
  log: Log,
): Databases {
  const timeoutMs = pollPatienceMs(pollIntervalMs);
  return openDatabases(databases, {
    timeoutMs,
    connectTimeoutMs: Math.min(timeoutMs, 10_000),
    onIdleError: (_, error) => {
      log.debug('an idle connection to the database ended', { error: error.message });
    },
  });
}

/** What the polls are assessed by: the sources of each database, and of all of them. */
export function assessedBy(config: Config): Config & AssessedDatabases {
  return {
    ...config,
    sources: configuredSources(config),
    databases: config.databases.map((database) => ({
      ...database,
      sources: configuredSources(ofDatabase(config, database.name)),
    })),
  };
}

/** Reads the databases for the polls; `onLate` hears of an answer that no poll waits for. */
export function gatherFrom(
  databases: Databases,
  config: Config,
  readsEveryRow: () => boolean,
  onLate: () => void,
): Gathering {
  const monotonicMs = () => performance.now();
  const carriers = new Map(
    config.databases.map(({ name }) => [
      name,
      createTokenCarriers({ firstReadMs: firstReadMs(config, name), monotonicMs }),
    ]),
  );
  return createGathering({
    databases: [...databases.all.keys()],
    graceMs,
    onLate,
    monotonicMs,
    async read(database: string, previous: Assessment): Promise<PollResult> {
      try {
        const observation = await observe(
          databases.of({ database }),
          ofDatabase(config, database),
          sourcesSeen(previous),
          Date.now,
          readsEveryRow(),
          previous.cron?.knowledge.cursor ?? null,
          carriers.get(database) ?? null,
        );
        return { ok: true, observation };
      } catch (error) {
        if (error instanceof DatabaseError) return { ok: false, failure: error.failure };
        throw error;
      }
    },
  });
}
