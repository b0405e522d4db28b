import type { Pool } from 'pg';
import type { RateLimit } from '../config/config.js';
import { writeTransaction } from '../database/write-transaction.js';
import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';
import { tokenMemoryColumns } from './token-memory.js';
import type { TokenMemory } from './token-memory.js';

/** What a provider's replicas share, read under its lock. */
export interface ProviderState {
  readonly breaker: unknown;
  /** How many requests may leave now by the rate limit. */
  readonly freeSlots: number;
  /** When the next one may leave, seen from now. */
  readonly nextSlotInMs: number;
  readonly now: Date;
}

/** Which tokens to claim after looking at the provider's state, and what its breaker becomes. */
export interface ClaimDecision {
  /** In order of preference; what others hold is passed over. */
  readonly tokenIds: readonly string[];
  /** How many of them at most. */
  readonly limit: number;
  readonly breaker: unknown;
}

/** A claim whose transaction ended unheard: whether it was committed is not known. */
export interface UncertainClaim {
  readonly tokenIds: readonly string[];
  readonly claimedAt: Date;
}

export interface ClaimResult {
  readonly claimed: readonly TokenMemory[];
  readonly nextSlotInMs: number;
}

/**
 * Claims tokens and takes a rate slot for each, in one short committed transaction. Claims that
 * an earlier call may have committed unheard are given back first: nobody works on them.
 *
 * The provider's row is locked first, so that replicas decide one after the other; tokens that
 * somebody else holds are passed over. The claim names the journal that will hold the answer and
 * does not end with its owner: only that journal knows whether an answer is on its way.
 */
export async function claimTokens(
  pool: Pool,
  claim: {
    readonly provider: string;
    readonly journalId: string;
    readonly rateLimit: RateLimit;
    /** When the tokens were found due: one that was refreshed since is passed over. */
    readonly observedAt: Date;
    readonly uncertain: readonly UncertainClaim[];
    readonly decide: (state: ProviderState) => ClaimDecision;
  },
): Promise<ClaimResult> {
  const spacingMs = claim.rateLimit.perMs / claim.rateLimit.requests;
  return writeTransaction(pool, async (query) => {
    const state = await lockProvider(query, claim.provider, spacingMs);
    for (const { tokenIds, claimedAt } of claim.uncertain) {
      await query(giveBackSql, [
        claim.provider,
        tokenIds,
        claim.journalId,
        claimedAt.toISOString(),
      ]);
    }
    const { tokenIds, limit, breaker } = claim.decide(state);
    const most = Math.min(limit, state.freeSlots);
    const claimed =
      tokenIds.length === 0 || most <= 0
        ? []
        : await query<TokenMemory & Record<string, unknown>>(claimSql, [
            claim.provider,
            tokenIds,
            claim.journalId,
            claim.observedAt.toISOString(),
            state.now.toISOString(),
            most,
          ]);
    // A token that is to be tried alone is noted only when we have it.
    const nextBreaker = claimed.length === 0 ? state.breaker : breaker;
    await query(
      `UPDATE ${stateSchema}.providers
       SET breaker = $2,
           next_slot_at = greatest(next_slot_at, now() - $3 * interval '1 millisecond')
                          + $4 * interval '1 millisecond'
       WHERE provider = $1`,
      [claim.provider, JSON.stringify(nextBreaker), burstMs(spacingMs), claimed.length * spacingMs],
    );
    return { claimed, nextSlotInMs: state.freeSlots > 0 ? 0 : state.nextSlotInMs };
  });
}

/**
 * How far unused slots may lie back: a second's worth of requests, or else two, so that the time
 * between two claims is not lost to a slow rate.
 */
function burstMs(spacingMs: number): number {
  return Math.max(1_000 - spacingMs, 2 * spacingMs);
}

/** Locks the row that a provider's replicas share until the transaction ends. */
async function lockProvider(
  query: Query,
  provider: string,
  spacingMs: number,
): Promise<ProviderState> {
  await query(
    `INSERT INTO ${stateSchema}.providers (provider) VALUES ($1) ON CONFLICT DO NOTHING`,
    [provider],
  );
  // The lock first, the clock after it: now() would be of before the wait for the lock.
  await query(`SELECT FROM ${stateSchema}.providers WHERE provider = $1 FOR UPDATE`, [provider]);
  const [row] = await query<{ breaker: unknown; ahead_ms: number; now: Date }>(
    `SELECT breaker, date_trunc('milliseconds', clock_timestamp()) AS now,
            extract(epoch FROM clock_timestamp()
              - greatest(next_slot_at, clock_timestamp() - $2 * interval '1 millisecond'))::float8
              * 1000 AS ahead_ms
     FROM ${stateSchema}.providers WHERE provider = $1`,
    [provider, burstMs(spacingMs)],
  );
  if (row === undefined) throw new TypeError(`the provider ${provider} has no row`);
  return {
    breaker: row.breaker,
    now: row.now,
    freeSlots: row.ahead_ms < 0 ? 0 : Math.floor(row.ahead_ms / spacingMs) + 1,
    nextSlotInMs: Math.max(0, -row.ahead_ms),
  };
}

const claimSql = `
WITH free AS (
  SELECT t.provider, t.token_id
  FROM unnest($2::text[]) WITH ORDINALITY AS wanted(token_id, place)
  JOIN ${stateSchema}.tokens AS t ON t.provider = $1 AND t.token_id = wanted.token_id
  WHERE t.claimed_by IS NULL
    AND (t.refreshed_at IS NULL OR t.refreshed_at < $4::timestamptz)
    AND (t.failed_at IS NULL OR t.failed_at < $4::timestamptz)
  ORDER BY wanted.place
  LIMIT $6
  FOR NO KEY UPDATE OF t SKIP LOCKED
)
UPDATE ${stateSchema}.tokens AS t SET claimed_by = $3, claimed_at = $5
FROM free WHERE t.provider = free.provider AND t.token_id = free.token_id
RETURNING ${tokenMemoryColumns.replaceAll('token_id AS', 't.token_id AS')}`;

const giveBackSql = `
UPDATE ${stateSchema}.tokens SET claimed_by = NULL, claimed_at = NULL
WHERE provider = $1 AND token_id = ANY($2::text[]) AND claimed_by = $3 AND claimed_at = $4`;

/** Locks a provider's row until the transaction ends, and reads its health. */
export async function lockProviderHealth(query: Query, provider: string): Promise<unknown> {
  await query(
    `INSERT INTO ${stateSchema}.providers (provider) VALUES ($1) ON CONFLICT DO NOTHING`,
    [provider],
  );
  const [row] = await query<{ breaker: unknown }>(
    `SELECT breaker FROM ${stateSchema}.providers WHERE provider = $1 FOR UPDATE`,
    [provider],
  );
  return row?.breaker;
}

/** Writes the health of a provider whose row is locked. */
export async function saveProviderHealth(
  query: Query,
  provider: string,
  health: unknown,
): Promise<void> {
  await query(`UPDATE ${stateSchema}.providers SET breaker = $2 WHERE provider = $1`, [
    provider,
    JSON.stringify(health),
  ]);
}

/** Ends the backoff of every token whose last failure had one of these reasons. */
export async function clearBackoffs(
  query: Query,
  provider: string,
  reasons: readonly string[],
): Promise<void> {
  await query(
    `UPDATE ${stateSchema}.tokens SET not_before = NULL
     WHERE provider = $1 AND not_before IS NOT NULL AND failure_reason = ANY($2)`,
    [provider, reasons],
  );
}

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
  const rows = await query<{ tokenId: string }>(closeSql, [
    provider,
    journalId,
    JSON.stringify(closed.map((each) => ({ ...each, ...each.memory, memory: undefined }))),
  ]);
  return new Set(rows.map(({ tokenId }) => tokenId));
}

const at = (field: string) => `to_timestamp(input."${field}" / 1000)`;

const closeSql = `
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
  WHERE t.provider = $1 AND t.token_id = input."tokenId" AND t.claimed_by IS NOT DISTINCT FROM $2::uuid
    AND floor(extract(epoch FROM t.claimed_at) * 1000)::float8 IS NOT DISTINCT FROM input."claimedAtMs"
  RETURNING t.token_id
), written AS (
INSERT INTO ${stateSchema}.ledger (at, provider, token_id, event, reason, detail, actor)
SELECT now(), $1, token_id, input.event, input.reason, input.detail, 'refresh'
FROM closed JOIN input ON input."tokenId" = closed.token_id
WHERE input.event IS NOT NULL
)
SELECT token_id AS "tokenId" FROM closed`;

/** What this journal holds claimed: at start-up these are what a crash left behind. */
export async function readOwnClaims(
  query: Query,
  provider: string,
  journalId: string,
): Promise<TokenMemory[]> {
  return query<TokenMemory & Record<string, unknown>>(
    `SELECT ${tokenMemoryColumns} FROM ${stateSchema}.tokens
     WHERE provider = $1 AND claimed_by = $2`,
    [provider, journalId],
  );
}
