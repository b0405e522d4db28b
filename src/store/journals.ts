import type { Pool } from 'pg';
import type { Query } from '../database/read-snapshot.js';
import { writeTransaction } from '../database/write-transaction.js';
import { stateSchema } from './migrate.js';

/** A journal that was ever used with this memory, and what it holds claimed. */
export interface KnownJournal {
  readonly journalId: string;
  /** null: only its claims are known. */
  readonly host: string | null;
  readonly seenAt: Date | null;
  /** Time since then, by the database's clock. */
  readonly unseenMs: number | null;
  readonly claims: number;
  readonly oldestClaimAt: Date | null;
}

/** A token whose claim was taken from its journal. */
export interface FreedClaim {
  readonly provider: string;
  readonly tokenId: string;
  readonly claimedAt: Date | null;
}

/** Says that the process that holds this journal lives. */
export async function noteJournalSeen(pool: Pool, journalId: string, host: string): Promise<void> {
  await writeTransaction(pool, (query) =>
    query(
      `INSERT INTO ${stateSchema}.journals (journal_id, host, seen_at) VALUES ($1, $2, now())
       ON CONFLICT (journal_id) DO UPDATE SET host = excluded.host, seen_at = excluded.seen_at`,
      [journalId, host],
    ),
  );
}

/** Every journal, those with claims first, then the last seen. */
export async function readJournals(query: Query): Promise<KnownJournal[]> {
  return query<KnownJournal & Record<string, unknown>>(
    `SELECT journal_id::text AS "journalId", host, seen_at AS "seenAt",
            extract(epoch FROM now() - seen_at)::float8 * 1000 AS "unseenMs",
            coalesce(claims, 0)::integer AS claims, oldest AS "oldestClaimAt"
     FROM ${stateSchema}.journals
     FULL JOIN (
       SELECT claimed_by AS journal_id, count(*) AS claims, min(claimed_at) AS oldest
       FROM ${stateSchema}.tokens WHERE claimed_by IS NOT NULL GROUP BY claimed_by
     ) AS claimed USING (journal_id)
     ORDER BY coalesce(claims, 0) DESC, seen_at DESC NULLS LAST, journal_id`,
  );
}

/** The tokens that a journal holds claimed, the oldest claim first. */
export async function readClaimsOf(query: Query, journalId: string): Promise<FreedClaim[]> {
  return query<FreedClaim & Record<string, unknown>>(
    `SELECT provider, token_id AS "tokenId", claimed_at AS "claimedAt"
     FROM ${stateSchema}.tokens WHERE claimed_by = $1 ORDER BY claimed_at, provider, token_id`,
    [journalId],
  );
}

/**
 * Forgets a journal and frees what it holds claimed, with a line of the ledger for each token.
 *
 * An answer that it holds and never stored is lost by that: only for a journal that will never
 * come back.
 */
export async function abandonJournal(
  query: Query,
  journalId: string,
  actor: string,
): Promise<FreedClaim[]> {
  const freed = await query<FreedClaim & Record<string, unknown>>(
    `WITH held AS (
       SELECT provider, token_id, claimed_at FROM ${stateSchema}.tokens
       WHERE claimed_by = $1 FOR UPDATE
     ), freed AS (
       UPDATE ${stateSchema}.tokens AS t SET claimed_by = NULL, claimed_at = NULL
       FROM held WHERE t.provider = held.provider AND t.token_id = held.token_id
     )
     INSERT INTO ${stateSchema}.ledger (at, provider, token_id, event, detail, actor)
     SELECT now(), provider, token_id, 'claim_abandoned', 'journal ' || $1::text, $2 FROM held
     RETURNING provider, token_id AS "tokenId", NULL::timestamptz AS "claimedAt"`,
    [journalId, actor],
  );
  await query(`DELETE FROM ${stateSchema}.journals WHERE journal_id = $1`, [journalId]);
  return freed;
}
