import type { Pool } from 'pg';
import type { SilentJournal } from '../assess/memories.js';
import { decideTakeover, takeoverAfterMs } from '../assess/takeover.js';
import { writeTransaction } from '../database/write-transaction.js';
import { freeClaims, lockSilentJournal } from '../store/takeover.js';

/**
 * Frees what a silent journal holds claimed of a provider, where that may be; returns the tokens.
 * They are refreshed like any other then, from the row as it stands.
 */
export async function takeOverClaims(
  pool: Pool,
  { journalId, host, unseenMs }: SilentJournal,
  provider: string,
): Promise<readonly string[]> {
  if (unseenMs < takeoverAfterMs) return [];
  return writeTransaction(pool, async (query) => {
    const held = await lockSilentJournal(query, journalId, provider, takeoverAfterMs);
    if (held === null) return [];
    const tokenIds = held.claims
      .filter(({ expiresAtMs }) => decideTakeover({ unseenMs, expiresAtMs }, held.nowMs).takeOver)
      .map(({ tokenId }) => tokenId);
    if (tokenIds.length === 0) return [];
    const minutes = String(Math.floor(unseenMs / 60_000));
    const detail = `journal ${journalId} of ${host ?? 'an unknown host'}, unseen for ${minutes} min`;
    return freeClaims(query, { journalId, provider, tokenIds, detail });
  });
}
