import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/**
 * Writes down the configuration that a provider is refreshed with from now on; returns the one
 * before it, null where none was known. The provider's row stays locked until the transaction
 * ends, so that of several replicas that start together one sees the change.
 */
export async function replaceLastConfiguration(
  query: Query,
  provider: string,
  fingerprint: string,
): Promise<string | null> {
  await query(
    `INSERT INTO ${stateSchema}.providers (provider) VALUES ($1) ON CONFLICT DO NOTHING`,
    [provider],
  );
  const [row] = await query<{ configuration: string | null }>(
    `SELECT configuration FROM ${stateSchema}.providers WHERE provider = $1 FOR UPDATE`,
    [provider],
  );
  await query(`UPDATE ${stateSchema}.providers SET configuration = $2 WHERE provider = $1`, [
    provider,
    fingerprint,
  ]);
  return row?.configuration ?? null;
}

/** Ends the backoff of an application's endpoint, but for the least time between two calls. */
export async function clearAppCallBackoff(query: Query, provider: string): Promise<void> {
  await query(
    `UPDATE ${stateSchema}.providers
     SET failures = 0, not_before = least(not_before, now() + interval '1 minute')
     WHERE provider = $1`,
    [provider],
  );
}
