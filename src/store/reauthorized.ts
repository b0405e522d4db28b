import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/** A token of which the ledger says that its user authorized it again, or lost it. */
export interface LedgerToken {
  readonly provider: string;
  readonly tokenId: string;
  readonly subject: string | null;
  readonly at: Date;
}

/** Reads the tokens that were authorized again since, and those whose row has disappeared since. */
export async function readReauthorized(
  query: Query,
  providers: readonly string[],
  since: Date,
): Promise<LedgerToken[]> {
  return query<LedgerToken & Record<string, unknown>>(
    `SELECT DISTINCT ON (l.provider, l.token_id)
            l.provider, l.token_id AS "tokenId", t.subject, l.at
     FROM ${stateSchema}.ledger AS l
     LEFT JOIN ${stateSchema}.tokens AS t USING (provider, token_id)
     WHERE l.provider = ANY($1) AND l.at >= $2::timestamptz
       AND l.event IN ('reauthorized', 'disappeared')
     ORDER BY l.provider, l.token_id, l.id DESC`,
    [providers, since.toISOString()],
  );
}
