import type { Pool } from 'pg';
import type { Config } from '../config/config.js';
import { planConnection } from '../database/connection-options.js';
import type { ConnectionPlan, DatabaseTarget } from '../database/connection-options.js';
import { openPool } from '../database/open-pool.js';

/**
 * Opens connections to where the exporter's memory is: STATE_DATABASE_URL, else the database of
 * the tokens. They are the memory's own: writing it must not wait for a poll, nor a poll for it.
 */
export function openStatePool(
  config: Config,
  connection: Extract<ConnectionPlan, { ok: true }>,
  onIdleError: (error: Error) => void,
): { readonly pool: Pool; readonly target: DatabaseTarget } {
  const { url } = config.state;
  const own = url === null ? connection : planConnection({ ...config.database, url });
  if (!own.ok) throw new Error(`STATE_DATABASE_URL: ${own.problem}`);
  return {
    pool: openPool(own.client, { connectTimeoutMs: 10_000, onIdleError }),
    target: own.target,
  };
}
