import type { Pool } from 'pg';
import type { RateLimit } from '../config/refresh-config.js';
import { prepared } from '../database/prepared-statement.js';
import { writeTransaction } from '../database/write-transaction.js';
import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';
import { withProviderRow } from './provider-health-row.js';
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
  return writeTransaction(pool, async (query, run) => {
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
        : await run<TokenMemory & Record<string, unknown>>(claimStatement, [
            claim.provider,
            tokenIds,
            claim.journalId,
            claim.observedAt.toISOString(),
            state.now.toISOString(),
            most,
            JSON.stringify(breaker),
            burstMs(spacingMs),
            spacingMs,
          ]);
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
  const read = () =>
    query<{ breaker: unknown; ahead_ms: number; now: Date }>(lockProviderSql, [
      provider,
      burstMs(spacingMs),
    ]);
  const [row] = await withProviderRow(query, provider, read);
  if (row === undefined) throw new TypeError(`the provider ${provider} has no row`);
  return {
    breaker: row.breaker,
    now: row.now,
    freeSlots: row.ahead_ms < 0 ? 0 : Math.floor(row.ahead_ms / spacingMs) + 1,
    nextSlotInMs: Math.max(0, -row.ahead_ms),
  };
}

// The lock first, the clock after it: now() would be of before the wait for the lock.
const lockProviderSql = `
WITH locked AS MATERIALIZED (
  SELECT breaker, next_slot_at FROM ${stateSchema}.providers WHERE provider = $1 FOR UPDATE
)
SELECT breaker, date_trunc('milliseconds', clock_timestamp()) AS now,
       extract(epoch FROM clock_timestamp()
         - greatest(next_slot_at, clock_timestamp() - $2 * interval '1 millisecond'))::float8
         * 1000 AS ahead_ms
FROM locked`;

// A token that is to be tried alone is noted only when we have it.
const claimStatement = prepared(`
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
), claimed AS (
  UPDATE ${stateSchema}.tokens AS t SET claimed_by = $3, claimed_at = $5
  FROM free WHERE t.provider = free.provider AND t.token_id = free.token_id
  RETURNING ${tokenMemoryColumns.replaceAll('token_id AS', 't.token_id AS')}
), slots AS (
  UPDATE ${stateSchema}.providers
  SET breaker = $7,
      next_slot_at = greatest(next_slot_at, now() - $8::float8 * interval '1 millisecond')
                     + (SELECT count(*) FROM claimed) * $9::float8 * interval '1 millisecond'
  WHERE provider = $1 AND EXISTS (SELECT FROM claimed)
)
SELECT * FROM claimed`);

const giveBackSql = `
UPDATE ${stateSchema}.tokens SET claimed_by = NULL, claimed_at = NULL
WHERE provider = $1 AND token_id = ANY($2::text[]) AND claimed_by = $3 AND claimed_at = $4`;

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
