import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/**
 * Runs `read`, which reads a provider's row, and makes that row where there is none. Mostly there
 * is one: asking first would cost each transaction a statement.
 */
export async function withProviderRow<Row>(
  query: Query,
  provider: string,
  read: () => Promise<Row[]>,
): Promise<Row[]> {
  const rows = await read();
  if (rows.length > 0) return rows;
  await query(
    `INSERT INTO ${stateSchema}.providers (provider) VALUES ($1) ON CONFLICT DO NOTHING`,
    [provider],
  );
  return read();
}

/** Reads a provider's health as it is; undefined: it has no row yet. */
export async function readProviderHealth(query: Query, provider: string): Promise<unknown> {
  const [row] = await query<{ breaker: unknown }>(
    `SELECT breaker FROM ${stateSchema}.providers WHERE provider = $1`,
    [provider],
  );
  return row?.breaker;
}

/** Locks a provider's row until the transaction ends, and reads its health. */
export async function lockProviderHealth(query: Query, provider: string): Promise<unknown> {
  const [row] = await withProviderRow(query, provider, () =>
    query<{ breaker: unknown }>(
      `SELECT breaker FROM ${stateSchema}.providers WHERE provider = $1 FOR UPDATE`,
      [provider],
    ),
  );
  return row?.breaker;
}

/** Writes the health of a provider whose row is locked. */
export async function saveProviderHealth(
  query: Query,
  provider: string,
  health: unknown,
): Promise<void> {
  await query(`UPDATE ${stateSchema}.providers SET breaker = $2 WHERE provider = $1`, [
    provider,
    JSON.stringify(health),
  ]);
}

/** Ends the backoff of every token whose last failure had one of these reasons. */
export async function clearBackoffs(
  query: Query,
  provider: string,
  reasons: readonly string[],
): Promise<void> {
  await query(
    `UPDATE ${stateSchema}.tokens SET not_before = NULL
     WHERE provider = $1 AND not_before IS NOT NULL AND failure_reason = ANY($2)`,
    [provider, reasons],
  );
}
