import type { Query } from '../database/read-snapshot.js';
import type { LedgerLine } from './ledger.js';
import { stateSchema } from './migrate.js';

/** Writes a line about one token into the ledger, as of now. */
export async function writeLedger(
  query: Query,
  provider: string,
  tokenId: string,
  line: Omit<LedgerLine, 'at'>,
): Promise<void> {
  await query(
    `INSERT INTO ${stateSchema}.ledger (at, provider, token_id, event, reason, detail, actor)
     VALUES (now(), $1, $2, $3, $4, $5, $6)`,
    [provider, tokenId, line.event, line.reason, line.detail, line.actor],
  );
}
