import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

const ledger = `${stateSchema}.ledger`;

/** Refreshes counted by what came of them. */
export interface CountedRefreshes {
  readonly provider: string;
  readonly event: string;
  readonly reason: string | null;
  readonly count: number;
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

/** What the ledger holds since a line of it. */
export interface LedgerSince {
  /** 0 when it is empty. */
  readonly newestId: number;
  readonly counts: readonly CountedRefreshes[];
  /** Dead grants, and answers that are lost: the oldest ones. */
  readonly troubles: readonly TroubleLine[];
}

/**
 * Reads what happened to the tokens of these providers after line `sinceId`; with null only where
 * the ledger ends. All of it in one statement, because it is read with every poll.
 */
export async function readLedgerSince(
  query: Query,
  providers: readonly string[],
  sinceId: number | null,
): Promise<LedgerSince> {
  const [row] = await query<LedgerSince & Record<string, unknown>>(sinceSql, [providers, sinceId]);
  return row ?? { newestId: 0, counts: [], troubles: [] };
}

const sinceSql = `
WITH lines AS (
  SELECT id, at, provider, token_id, event, reason FROM ${ledger}
  WHERE id > $2::bigint AND provider = ANY($1)
    AND event IN ('refreshed', 'recovered', 'failed', 'died', 'claim_abandoned')
), counted AS (
  SELECT provider, event, reason, count(*) AS count FROM lines
  GROUP BY provider, event, reason ORDER BY provider, event, reason
), troubles AS (
  SELECT id, floor(extract(epoch FROM at) * 1000) AS "atMs", provider, token_id AS "tokenId", event,
         reason
  FROM lines
  WHERE event IN ('died', 'claim_abandoned') OR event = 'failed' AND reason = 'storage'
  ORDER BY id LIMIT ${String(mostTroubles)}
)
SELECT (SELECT coalesce(max(id), 0)::float8 FROM ${ledger}) AS "newestId",
       (SELECT coalesce(jsonb_agg(counted), '[]') FROM counted) AS counts,
       (SELECT coalesce(jsonb_agg(troubles), '[]') FROM troubles) AS troubles`;
