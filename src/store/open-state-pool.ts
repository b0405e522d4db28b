import type { Pool } from 'pg';
import type { DatabaseTarget } from '../database/connection-options.js';
import { openPool } from '../database/open-pool.js';
import type { ConnectionPlans } from '../database/plan-connections.js';

/**
 * Opens connections to where the exporter's memory is. They are the memory's own: writing it must
 * not wait for a poll, nor a poll for it.
 */
export function openStatePool(
  { state: { client, target } }: ConnectionPlans,
  onIdleError: (error: Error) => void,
): { readonly pool: Pool; readonly target: DatabaseTarget } {
  return { pool: openPool(client, { connectTimeoutMs: 10_000, onIdleError }), target };
}
