import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Pool } from 'pg';
import { assess, nothingKnown, sourcesSeen } from '../../src/assess/assess.js';
import { nothingRemembered } from '../../src/assess/memories.js';
import type { Assessment } from '../../src/assess/assess.js';
import type { SourceAssessment } from '../../src/assess/sources.js';
import type { Config } from '../../src/config/config.js';
import { planConnection } from '../../src/database/connection-options.js';
import { DatabaseError } from '../../src/database/explain-database-error.js';
import { openPool } from '../../src/database/open-pool.js';
import type { SnapshotSource } from '../../src/database/read-snapshot.js';
import { worldFolder } from '../../src/demo/demo-world.js';
import { configuredSources, observe } from '../../src/observe/observe.js';
import type { Observation } from '../../src/observe/observe.js';
import { loadFrom } from '../config/load-from.js';

/** The reference schema without a row in it. */
export const referenceSchema = readFileSync(new URL('01-schema.sql', worldFolder), 'utf8');

/** A mapping of every table of token shapes that we know: a test creates those it needs. */
export const everyShape = readFileSync(
  fileURLToPath(new URL('../config/fixtures/domain-tables.yaml', import.meta.url)),
  'utf8',
);

/** Polls a database as the exporter does: one pool, and each poll knows what the ones before saw. */
export interface Poller {
  readonly config: Config;
  readonly database: SnapshotSource;
  /** Observes and assesses; a database that can't be used is part of the answer. */
  poll(): Promise<Assessment>;
  /** Observes only: throws `DatabaseError`. */
  observe(): Promise<Observation>;
  /** How the last poll saw this source. */
  source(name: string): SourceAssessment | undefined;
  /** Messages of idle connections that broke. */
  readonly idleErrors: readonly string[];
  close(): Promise<void>;
}

export interface PollerOptions {
  /** The configuration file; without one only DATABASE_URL is set. */
  readonly yaml?: string;
  readonly timeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /** Hears of the pool before it connects. */
  readonly onPool?: (pool: Pool) => void;
}

export function createPoller(
  url: string,
  { yaml, timeoutMs = 8_000, connectTimeoutMs = 2_000, onPool }: PollerOptions = {},
): Poller {
  const config = loadConfigOf(url, yaml);
  const plan = planConnection(config.databases[0]!);
  if (!plan.ok) throw new Error(plan.problem);
  const idleErrors: string[] = [];
  const pool = openPool(plan.client, {
    connectTimeoutMs,
    onIdleError: ({ message }) => idleErrors.push(message),
  });
  onPool?.(pool);
  const database = { pool, target: plan.target, timeoutMs };
  let latest = nothingKnown;
  const observeNow = () =>
    observe(
      database,
      config,
      sourcesSeen(latest),
      Date.now,
      false,
      latest.cron?.knowledge.cursor ?? null,
    );
  return {
    config,
    database,
    idleErrors,
    observe: observeNow,
    async poll() {
      const assessed = {
        sources: configuredSources(config),
        providers: config.providers,
        cron: config.cron,
        pollIntervalMs: config.pollIntervalMs,
      };
      try {
        latest = assess(
          { ok: true, observation: await observeNow() },
          nothingRemembered,
          latest,
          assessed,
        );
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
        latest = assess({ ok: false, failure: error.failure }, nothingRemembered, latest, assessed);
      }
      return latest;
    },
    source: (name) => latest.sources.get(name),
    close: () => pool.end(),
  };
}

function loadConfigOf(url: string, yaml: string | undefined): Config {
  const files = yaml === undefined ? {} : { 'oauth-token-exporter.yaml': yaml };
  const loaded = loadFrom(files, { DATABASE_URL: url });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}
