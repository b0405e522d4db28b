import type { Pool } from 'pg';
import type { Config } from '../config/config.js';
import type { Databases } from '../database/databases.js';
import type { Log } from '../log.js';
import type { Metrics } from '../publish/metrics.js';

/** What every part of the running exporter is built from. */
export interface AppParts {
  readonly config: Config;
  /** Where the tokens are. */
  readonly databases: Databases;
  /** Where our own memory is. */
  readonly statePool: Pool;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What an error says, for the log. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
