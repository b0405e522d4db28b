import type { Query } from '../database/read-snapshot.js';
import { nextCallAt } from './app-call.js';
import { stateSchema } from './migrate.js';

/** What the replicas share of a provider, as it stands. */
export interface ProviderRow {
  /** For `parseProviderHealth`. */
  readonly breaker: unknown;
  /** No call of the application's endpoint leaves before this. */
  readonly notBeforeMs: number | null;
  /** Calls of the application's endpoint that failed in a row. */
  readonly failures: number;
}

/** Reads what is shared of a provider, without a lock; null when nothing is. */
export async function readProviderRow(query: Query, provider: string): Promise<ProviderRow | null> {
  const [row] = await query<ProviderRow & Record<string, unknown>>(
    `SELECT breaker, failures,
            floor(extract(epoch FROM greatest(not_before, ${nextCallAt})) * 1000)::float8
              AS "notBeforeMs"
     FROM ${stateSchema}.providers WHERE provider = $1`,
    [provider],
  );
  return row ?? null;
}
