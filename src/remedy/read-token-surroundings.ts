import type { Query } from '../database/read-snapshot.js';
import { parseProviderHealth } from '../refresh/parse-provider-health.js';
import { readJournals } from '../store/journals.js';
import { readLedger } from '../store/ledger.js';
import { readProviderRow } from '../store/provider-row.js';
import type { TokenSurroundings } from './explain-token.js';

/** Reads from the memory what an explanation of a token needs, with so many lines of its ledger. */
export async function readTokenSurroundings(
  query: Query,
  provider: string,
  tokenId: string,
  ledgerLines: number,
): Promise<TokenSurroundings> {
  const row = await readProviderRow(query, provider);
  return {
    ledger: await readLedger(query, provider, tokenId, ledgerLines),
    health: parseProviderHealth(row?.breaker ?? {}),
    callNotBeforeMs: row?.notBeforeMs ?? null,
    journals: await readJournals(query),
  };
}
