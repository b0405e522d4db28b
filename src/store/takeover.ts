import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/** A claim that a journal holds, as far as a takeover depends on it. */
export interface HeldClaim {
  readonly tokenId: string;
  /** null: none is recorded. */
  readonly expiresAtMs: number | null;
}

/**
 * Reads what a journal holds claimed of a provider, with the database's time, and locks the
 * journal until the transaction ends. null: its owner was heard of since `unseenMs` ago, or the
 * journal is not known: an owner that starts again says so first, and either it waits for us and
 * finds its claims gone, or we find its heartbeat.
 */
export async function lockSilentJournal(
  query: Query,
  journalId: string,
  provider: string,
  unseenMs: number,
): Promise<{ readonly nowMs: number; readonly claims: readonly HeldClaim[] } | null> {
  await query(`SELECT FROM ${stateSchema}.journals WHERE journal_id = $1 FOR UPDATE`, [journalId]);
  const [journal] = await query<{ nowMs: number }>(
    `SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"
     FROM ${stateSchema}.journals
     WHERE journal_id = $1 AND seen_at <= clock_timestamp() - $2 * interval '1 millisecond'`,
    [journalId, unseenMs],
  );
  if (journal === undefined) return null;
  const claims = await query<HeldClaim & Record<string, unknown>>(
    `SELECT token_id AS "tokenId",
            floor(extract(epoch FROM expires_at) * 1000)::float8 AS "expiresAtMs"
     FROM ${stateSchema}.tokens WHERE claimed_by = $1 AND provider = $2`,
    [journalId, provider],
  );
  return { nowMs: journal.nowMs, claims };
}

/** Frees claims of a journal, with a line of the ledger for each; returns the tokens freed. */
export async function freeClaims(
  query: Query,
  claim: {
    readonly journalId: string;
    readonly provider: string;
    readonly tokenIds: readonly string[];
    /** For people. */
    readonly detail: string;
  },
): Promise<string[]> {
  const freed = await query<{ tokenId: string }>(
    `WITH freed AS (
       UPDATE ${stateSchema}.tokens SET claimed_by = NULL, claimed_at = NULL
       WHERE claimed_by = $1 AND provider = $2 AND token_id = ANY($3::text[])
       RETURNING token_id
     )
     INSERT INTO ${stateSchema}.ledger (at, provider, token_id, event, detail, actor)
     SELECT now(), $2, token_id, 'claim_taken_over', $4, 'refresh' FROM freed
     RETURNING token_id AS "tokenId"`,
    [claim.journalId, claim.provider, claim.tokenIds, claim.detail],
  );
  return freed.map(({ tokenId }) => tokenId);
}
