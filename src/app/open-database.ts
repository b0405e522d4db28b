import type { Config } from '../config/config.js';
import type { ConnectionPlan } from '../database/connection-options.js';
import { openPool } from '../database/open-pool.js';
import type { SnapshotSource } from '../database/read-snapshot.js';
import type { Log } from '../log.js';

/**
 * How long a poll may wait for a database: its interval, but never less than a slow one needs, nor
 * so long that its snapshot keeps the database from cleaning up.
 */
export function pollPatienceMs(pollIntervalMs: number): number {
  return Math.min(Math.max(4_000, pollIntervalMs), 60_000);
}

/** Opens the database of the tokens. */
export function openDatabase(
  config: Config,
  { client, target }: Extract<ConnectionPlan, { ok: true }>,
  log: Log,
): SnapshotSource {
  const timeoutMs = pollPatienceMs(config.pollIntervalMs);
  const pool = openPool(client, {
    connectTimeoutMs: Math.min(timeoutMs, 10_000),
    onIdleError: (error) => {
      log.debug('an idle connection to the database ended', { error: error.message });
    },
  });
  return { pool, target, timeoutMs };
}
