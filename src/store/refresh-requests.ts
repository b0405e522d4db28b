import type { Pool } from 'pg';
import type { Query } from '../database/read-snapshot.js';
import { writeTransaction } from '../database/write-transaction.js';
import { stateSchema } from './migrate.js';

/** Whoever asked waits this long for somebody to take a request; an older one is nobody's wish. */
export const requestPatienceMs = 60_000;

/** A token that a person wants refreshed. */
export interface WantedToken {
  readonly provider: string;
  readonly tokenId: string;
}

export interface TakenRequest extends WantedToken {
  readonly id: string;
}

/** What a request came to. Holds no secret. */
export interface RequestAnswer {
  readonly outcome: string;
  /** A failure reason. */
  readonly reason: string | null;
  readonly detail: string;
}

export interface RequestState extends TakenRequest {
  readonly taken: boolean;
  /** null: not answered yet. */
  readonly answer: RequestAnswer | null;
}

/** Asks the running exporters to refresh tokens; returns the ids of the requests. */
export async function askForRefreshes(
  query: Query,
  tokens: readonly WantedToken[],
  requestedBy: string,
): Promise<string[]> {
  const rows = await query<{ id: string }>(
    `INSERT INTO ${stateSchema}.refresh_requests (provider, token_id, requested_by)
     SELECT provider, "tokenId", $2
     FROM jsonb_to_recordset($1::jsonb) AS x(provider text, "tokenId" text)
     RETURNING id`,
    [JSON.stringify(tokens), requestedBy],
  );
  return rows.map(({ id }) => id);
}

/**
 * Takes the open requests for these providers for one process, each for one only; tells the
 * database's time of it.
 */
export async function takeRequests(
  pool: Pool,
  providers: readonly string[],
  owner: string,
): Promise<{ readonly requests: readonly TakenRequest[]; readonly takenAt: Date }> {
  return writeTransaction(pool, async (query) => {
    const rows = await query<TakenRequest & { takenAt: Date } & Record<string, unknown>>(
      `UPDATE ${stateSchema}.refresh_requests SET taken_by = $2
       WHERE id IN (
         SELECT id FROM ${stateSchema}.refresh_requests
         WHERE taken_by IS NULL AND provider = ANY($1)
           AND requested_at > now() - ${String(requestPatienceMs)} * interval '1 millisecond'
         FOR UPDATE SKIP LOCKED)
       RETURNING id, provider, token_id AS "tokenId", now() AS "takenAt"`,
      [providers, owner],
    );
    return { requests: rows, takenAt: rows[0]?.takenAt ?? new Date(0) };
  });
}

/** Answers a request, and writes into the ledger who asked and what came of it. */
export async function answerRequest(pool: Pool, id: string, answer: RequestAnswer): Promise<void> {
  await writeTransaction(pool, (query) =>
    query(
      `WITH answered AS (
         UPDATE ${stateSchema}.refresh_requests
         SET answered_at = now(), outcome = $2, reason = $3, detail = $4 WHERE id = $1
         RETURNING provider, token_id, requested_by)
       INSERT INTO ${stateSchema}.ledger (at, provider, token_id, event, detail, actor)
       SELECT now(), provider, token_id, 'refresh_asked', replace($2, '_', ' ') || ': ' || $4,
              requested_by
       FROM answered`,
      [id, answer.outcome, answer.reason, answer.detail],
    ),
  );
}

/** How requests stand. */
export async function readRequests(query: Query, ids: readonly string[]): Promise<RequestState[]> {
  return query<RequestState & Record<string, unknown>>(
    `SELECT id, provider, token_id AS "tokenId", taken_by IS NOT NULL AS taken,
            CASE WHEN answered_at IS NOT NULL THEN
              jsonb_build_object('outcome', outcome, 'reason', reason, 'detail', detail) END AS answer
     FROM ${stateSchema}.refresh_requests WHERE id = ANY($1::uuid[])`,
    [ids],
  );
}

/** Takes back requests that nobody has taken: whoever asked has stopped waiting. */
export async function withdrawRequests(query: Query, ids: readonly string[]): Promise<void> {
  await query(
    `DELETE FROM ${stateSchema}.refresh_requests WHERE id = ANY($1::uuid[]) AND taken_by IS NULL`,
    [ids],
  );
}
