import type { Pool } from 'pg';
import { writeTransaction } from '../database/write-transaction.js';
import { stateSchema } from './migrate.js';

/**
 * Takes the one retry that a failed sync gets in the whole cluster; false: it was taken before, or
 * this token had one within the last hour.
 *
 * The hour ends a circle: a fresh token that is refused at once would be refreshed for the new
 * failure, synced again, and refused again.
 */
export async function claimSyncRetry(
  pool: Pool,
  provider: string,
  tokenId: string,
  failedAtMs: number,
): Promise<boolean> {
  return writeTransaction(pool, async (query) => {
    const rows = await query(
      `INSERT INTO ${stateSchema}.sync_retries AS r (provider, token_id, failed_at, retried_at)
       VALUES ($1, $2, $3, now())
       ON CONFLICT (provider, token_id) DO UPDATE SET failed_at = excluded.failed_at, retried_at = now()
         WHERE r.failed_at < excluded.failed_at AND r.retried_at < now() - interval '1 hour'
       RETURNING provider`,
      [provider, tokenId, new Date(failedAtMs).toISOString()],
    );
    return rows.length > 0;
  });
}
