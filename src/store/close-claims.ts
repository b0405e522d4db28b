import type { Pool } from 'pg';
import { prepared } from '../database/prepared-statement.js';
import type { Query } from '../database/read-snapshot.js';
import { writeStatement } from '../database/write-transaction.js';
import { stateSchema } from './migrate.js';
import type { TokenMemory } from './token-memory.js';

/** What closing a claim writes: the new memory of the token, and a line of the ledger. */
export interface ClosedClaim {
  readonly memory: TokenMemory;
  readonly event: string | null;
  readonly reason: string | null;
  readonly detail: string | null;
}

/**
 * Ends claims of this journal and remembers what came of them, in one statement; returns the ids
 * of those that it ended. A claim that was taken away meanwhile (`journal abandon`), or was ended
 * before and taken again, is left as it is. Without a journal (null), nobody may hold a claim:
 * that is for refreshes by an endpoint of the application.
 */
export async function closeClaims(
  query: Query,
  provider: string,
  journalId: string | null,
  closed: readonly ClosedClaim[],
): Promise<ReadonlySet<string>> {
  const rows = await query<{ tokenId: string }>(
    closeSql('true'),
    closeValues(provider, journalId, closed),
  );
  return new Set(rows.map(({ tokenId }) => tokenId));
}

/**
 * As `closeClaims`, in a transaction of its own, and only while the provider's health is still this
 * one: otherwise nothing is ended, and false returned. One round trip to the database.
 */
export async function closeClaimsUnder(
  pool: Pool,
  provider: string,
  journalId: string,
  closed: readonly ClosedClaim[],
  health: unknown,
): Promise<boolean> {
  const values = [...closeValues(provider, journalId, closed), JSON.stringify(health)];
  return (await writeStatement(pool, closeUnderHealth, values)).length > 0;
}

function closeValues(
  provider: string,
  journalId: string | null,
  closed: readonly ClosedClaim[],
): unknown[] {
  return [
    provider,
    journalId,
    JSON.stringify(
      closed.map(({ memory, event, reason, detail }) => ({
        tokenId: memory.tokenId,
        event,
        reason,
        detail,
        expiresAtMs: memory.expiresAtMs,
        expiryMovedAtMs: memory.expiryMovedAtMs,
        refreshedAtMs: memory.refreshedAtMs,
        expiresInMs: memory.expiresInMs,
        failures: memory.failures,
        failureReason: memory.failureReason,
        failedAtMs: memory.failedAtMs,
        notBeforeMs: memory.notBeforeMs,
        fingerprint: memory.fingerprint,
        suspectedAtMs: memory.suspectedAtMs,
        deadSinceMs: memory.deadSinceMs,
        claimedAtMs: memory.claimedAtMs,
      })),
    ),
    closed.map(({ memory }) => memory.tokenId),
  ];
}

const at = (field: string) => `to_timestamp(input."${field}" / 1000)`;

// The ids a second time, as an array: of its length the planner knows, and takes the index.
const closeSql = (condition: string) => `
WITH input AS (
  SELECT * FROM jsonb_to_recordset($3::jsonb) AS x(
    "tokenId" text, event text, reason text, detail text,
    "expiresAtMs" double precision, "expiryMovedAtMs" double precision,
    "refreshedAtMs" double precision, "expiresInMs" double precision, failures integer,
    "failureReason" text, "failedAtMs" double precision, "notBeforeMs" double precision,
    fingerprint text, "suspectedAtMs" double precision, "deadSinceMs" double precision,
    "claimedAtMs" double precision)
), closed AS (
  UPDATE ${stateSchema}.tokens AS t SET
    claimed_by = NULL, claimed_at = NULL,
    expires_at = CASE WHEN input."expiresAtMs" IS NULL THEN t.expires_at ELSE ${at('expiresAtMs')} END,
    expiry_moved_at = ${at('expiryMovedAtMs')},
    refreshed_at = ${at('refreshedAtMs')},
    expires_in_seconds = input."expiresInMs" / 1000,
    failures = input.failures,
    failure_reason = input."failureReason",
    failed_at = ${at('failedAtMs')},
    not_before = ${at('notBeforeMs')},
    fingerprint = input.fingerprint,
    suspected_at = ${at('suspectedAtMs')},
    dead_since = ${at('deadSinceMs')}
  FROM input
  WHERE t.provider = $1 AND t.token_id = ANY($4::text[]) AND t.token_id = input."tokenId"
    AND t.claimed_by IS NOT DISTINCT FROM $2::uuid
    AND floor(extract(epoch FROM t.claimed_at) * 1000)::float8 IS NOT DISTINCT FROM input."claimedAtMs"
    AND ${condition}
  RETURNING t.token_id
), written AS (
INSERT INTO ${stateSchema}.ledger (at, provider, token_id, event, reason, detail, actor)
SELECT now(), $1, token_id, input.event, input.reason, input.detail, 'refresh'
FROM closed JOIN input ON input."tokenId" = closed.token_id
WHERE input.event IS NOT NULL
)
SELECT token_id AS "tokenId" FROM closed`;

const closeUnderHealth = prepared(
  closeSql(`EXISTS (
    SELECT FROM ${stateSchema}.providers WHERE provider = $1 AND breaker = $5::jsonb)`),
);
