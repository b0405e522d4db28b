import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

const ledger = `${stateSchema}.ledger`;

/** Newest line of the ledger; 0 when it is empty. */
export async function readNewestLedgerId(query: Query): Promise<number> {
  const [row] = await query<{ id: number }>(
    `SELECT coalesce(max(id), 0)::float8 AS id FROM ${ledger}`,
  );
  return row?.id ?? 0;
}

/** Refreshes of these providers after line `sinceId`, counted by what came of them. */
export async function countRefreshes(
  query: Query,
  providers: readonly string[],
  sinceId: number,
): Promise<{ provider: string; event: string; reason: string | null; count: number }[]> {
  return query(
    `SELECT provider, event, reason, count(*)::float8 AS count FROM ${ledger}
     WHERE id > $2 AND provider = ANY($1) AND event IN ('refreshed', 'recovered', 'failed', 'died')
     GROUP BY provider, event, reason ORDER BY provider, event, reason`,
    [providers, sinceId],
  );
}

/** A line of the ledger that tells of a loss. */
export interface TroubleLine {
  readonly id: number;
  readonly atMs: number;
  readonly provider: string;
  readonly tokenId: string;
  readonly event: string;
  readonly reason: string | null;
}

/** More of them add nothing to a verdict. */
const mostTroubles = 500;

/** Lines after `sinceId` that tell of a dead grant or of an answer that is lost: the oldest ones. */
export async function readTroubles(
  query: Query,
  providers: readonly string[],
  sinceId: number,
): Promise<TroubleLine[]> {
  return query<TroubleLine & Record<string, unknown>>(
    `SELECT id::float8 AS id, floor(extract(epoch FROM at) * 1000)::float8 AS "atMs", provider,
            token_id AS "tokenId", event, reason FROM ${ledger}
     WHERE id > $2 AND provider = ANY($1)
       AND (event IN ('died', 'claim_abandoned') OR event = 'failed' AND reason = 'storage')
     ORDER BY id LIMIT ${String(mostTroubles)}`,
    [providers, sinceId],
  );
}
