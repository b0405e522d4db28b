import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/** Epoch milliseconds of the ledger's oldest line about a provider; null: there is none. */
export async function readLedgerBegin(query: Query, provider: string): Promise<number | null> {
  const [row] = await query<{ begins_ms: number | null }>(
    `SELECT floor(extract(epoch FROM min(at)) * 1000)::float8 AS begins_ms
     FROM ${stateSchema}.ledger WHERE provider = $1`,
    [provider],
  );
  return row?.begins_ms ?? null;
}
