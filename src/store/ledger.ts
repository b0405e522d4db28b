import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/** Something that happened to a token. */
export interface LedgerLine {
  readonly at: Date;
  readonly event: string;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly actor: string;
}

/** The last lines about one token, the newest first. */
export async function readLedger(
  query: Query,
  provider: string,
  tokenId: string,
  limit: number,
): Promise<LedgerLine[]> {
  return query<LedgerLine & Record<string, unknown>>(
    `SELECT at, event, reason, detail, actor FROM ${stateSchema}.ledger
     WHERE provider = $1 AND token_id = $2 ORDER BY id DESC LIMIT $3`,
    [provider, tokenId, limit],
  );
}
