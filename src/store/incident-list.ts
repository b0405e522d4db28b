import type { Query } from '../database/read-snapshot.js';
import type { IncidentKey } from './incidents.js';
import { stateSchema } from './migrate.js';

/** An incident that people were told of, or would have been but for a silence; without its members. */
export interface ListedIncident extends IncidentKey {
  readonly id: string;
  readonly severity: string;
  /** Instants are epoch milliseconds, by the database's clock. */
  readonly firstSeenAtMs: number;
  /** null: nobody was told. */
  readonly toldAtMs: number | null;
  /** As many as people were last told of. */
  readonly affected: number;
  readonly silenced: boolean;
  /** null: it is open. */
  readonly recoveredAtMs: number | null;
}

/** The open incidents, and those that ended within `sinceMs`; what is open first, then the newest. */
export async function listIncidents(
  query: Query,
  { sinceMs, limit }: { readonly sinceMs: number; readonly limit: number },
): Promise<ListedIncident[]> {
  const ms = (column: string) => `floor(extract(epoch FROM ${column}) * 1000)::float8`;
  return query<ListedIncident & Record<string, unknown>>(
    `SELECT id::text, nullif(provider, '') AS provider, cause, nullif(replica, '') AS replica,
            severity, silenced, jsonb_array_length(told_ids) AS affected,
            ${ms('first_seen_at')} AS "firstSeenAtMs", ${ms('told_at')} AS "toldAtMs",
            ${ms('recovered_at')} AS "recoveredAtMs"
     FROM ${stateSchema}.incidents
     WHERE (confirmed AND recovered_at IS NULL)
        OR recovered_at > now() - $1 * interval '1 millisecond'
     ORDER BY recovered_at DESC NULLS FIRST, first_seen_at DESC LIMIT $2`,
    [sinceMs, limit],
  );
}
