import type { Pool } from 'pg';
import { writeTransaction } from '../database/write-transaction.js';
import { stateSchema } from './migrate.js';

/** Up to where each log of a provider has been counted, in epoch milliseconds, by log. */
export async function readCountedUntil(
  pool: Pool,
  provider: string,
): Promise<ReadonlyMap<string, number>> {
  const rows = await writeTransaction(pool, (query) =>
    query<{ log: string; ms: number }>(
      `SELECT log, round(extract(epoch FROM counted_until) * 1000)::float8 AS ms
       FROM ${stateSchema}.sync_logs WHERE provider = $1`,
      [provider],
    ),
  );
  return new Map(rows.map(({ log, ms }) => [log, ms]));
}

/**
 * Says that a log has been counted from one instant to another; false: another replica has counted
 * from there already, and these runs are its. `fromMs` null: the log was never counted.
 */
export async function advanceCountedUntil(
  pool: Pool,
  provider: string,
  log: string,
  { fromMs, untilMs }: { readonly fromMs: number | null; readonly untilMs: number },
): Promise<boolean> {
  const until = new Date(untilMs).toISOString();
  const rows = await writeTransaction(pool, (query) =>
    fromMs === null
      ? query(
          `INSERT INTO ${stateSchema}.sync_logs (provider, log, counted_until) VALUES ($1, $2, $3)
           ON CONFLICT DO NOTHING RETURNING log`,
          [provider, log, until],
        )
      : query(
          `UPDATE ${stateSchema}.sync_logs SET counted_until = $3
           WHERE provider = $1 AND log = $2 AND counted_until = $4 RETURNING log`,
          [provider, log, until, new Date(fromMs).toISOString()],
        ),
  );
  return rows.length > 0;
}
