import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/** Word of the ledger: somebody had the application catch up for a token. The reason is its answer. */
export const backlogRequested = 'backlog_requested';

/** When the application was last asked, successfully, for each token since an instant; by token id. */
export async function readBacklogAsked(
  query: Query,
  provider: string,
  sinceMs: number,
): Promise<ReadonlyMap<string, number>> {
  const rows = await query<{ tokenId: string; atMs: number }>(
    `SELECT token_id AS "tokenId", floor(extract(epoch FROM max(at)) * 1000)::float8 AS "atMs"
     FROM ${stateSchema}.ledger
     WHERE provider = $1 AND event = $2 AND reason = 'success' AND at >= $3
     GROUP BY token_id`,
    [provider, backlogRequested, new Date(sinceMs)],
  );
  return new Map(rows.map(({ tokenId, atMs }) => [tokenId, atMs]));
}
