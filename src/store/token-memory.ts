import { readSlices } from '../database/read-slices.js';
import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/** What is remembered of one token. Instants are epoch milliseconds, by the database's clock. */
export interface TokenMemory {
  readonly tokenId: string;
  readonly firstSeenAtMs: number;
  /** The row was gone from the application's table when last looked. */
  readonly goneAtMs: number | null;
  readonly active: boolean;
  readonly expiresAtMs: number | null;
  readonly expiryMovedAtMs: number | null;
  /** How far ahead the last five forward moves put the expiry, in milliseconds. */
  readonly observedLifetimesMs: readonly number[];
  readonly refreshedAtMs: number | null;
  /** `expires_in` of our own last refresh, in milliseconds. */
  readonly expiresInMs: number | null;
  readonly failures: number;
  readonly failureReason: string | null;
  readonly failedAtMs: number | null;
  readonly notBeforeMs: number | null;
  /** Keyed hash of the refresh token at the last attempt. */
  readonly fingerprint: string | null;
  /** First `invalid_grant` on that refresh token, not confirmed yet. */
  readonly suspectedAtMs: number | null;
  readonly deadSinceMs: number | null;
  /** Journal that holds the claim. */
  readonly claimedBy: string | null;
  readonly claimedAtMs: number | null;
}

/** What is remembered of a token at its first sight. */
export function firstSight(
  row: { readonly id: string; readonly active: boolean; readonly expiresAtMs: number | null },
  nowMs: number,
): TokenMemory {
  return {
    tokenId: row.id,
    firstSeenAtMs: nowMs,
    goneAtMs: null,
    active: row.active,
    expiresAtMs: row.expiresAtMs,
    expiryMovedAtMs: null,
    observedLifetimesMs: [],
    refreshedAtMs: null,
    expiresInMs: null,
    failures: 0,
    failureReason: null,
    failedAtMs: null,
    notBeforeMs: null,
    fingerprint: null,
    suspectedAtMs: null,
    deadSinceMs: null,
    claimedBy: null,
    claimedAtMs: null,
  };
}

/** Reads what is remembered of all tokens of a provider, by token id. Inside a transaction. */
export async function readTokenMemory(
  query: Query,
  provider: string,
): Promise<ReadonlyMap<string, TokenMemory>> {
  return readMemories(query, 'provider = $1', [provider]);
}

/** The same of these tokens only. */
export async function readTokenMemoryOf(
  query: Query,
  provider: string,
  tokenIds: readonly string[],
): Promise<ReadonlyMap<string, TokenMemory>> {
  return readMemories(query, 'provider = $1 AND token_id = ANY($2)', [provider, tokenIds]);
}

async function readMemories(
  query: Query,
  condition: string,
  values: readonly unknown[],
): Promise<ReadonlyMap<string, TokenMemory>> {
  const memories = new Map<string, TokenMemory>();
  const select = `SELECT ${tokenMemoryColumns} FROM ${stateSchema}.tokens WHERE ${condition}`;
  await readSlices<TokenMemory>(query, select, values, (rows) => {
    for (const row of rows) memories.set(row.tokenId, row);
  });
  return memories;
}

/** Since when the row of a token is gone; null: it is not, or nobody ever saw it. */
export async function readGoneAt(
  query: Query,
  provider: string,
  tokenId: string,
): Promise<number | null> {
  const [row] = await query<{ goneAtMs: number | null }>(
    `SELECT ${ms('gone_at')} AS "goneAtMs" FROM ${stateSchema}.tokens
     WHERE provider = $1 AND token_id = $2`,
    [provider, tokenId],
  );
  return row?.goneAtMs ?? null;
}

const ms = (column: string) => `floor(extract(epoch FROM ${column}) * 1000)::float8`;

/** The select list that yields a `TokenMemory`. */
export const tokenMemoryColumns = `
  token_id AS "tokenId",
  ${ms('first_seen_at')} AS "firstSeenAtMs",
  ${ms('gone_at')} AS "goneAtMs",
  active,
  ${ms('expires_at')} AS "expiresAtMs",
  ${ms('expiry_moved_at')} AS "expiryMovedAtMs",
  ARRAY(SELECT seconds * 1000 FROM unnest(observed_lifetimes_seconds) seconds) AS "observedLifetimesMs",
  ${ms('refreshed_at')} AS "refreshedAtMs",
  expires_in_seconds * 1000 AS "expiresInMs",
  failures,
  failure_reason AS "failureReason",
  ${ms('failed_at')} AS "failedAtMs",
  ${ms('not_before')} AS "notBeforeMs",
  fingerprint,
  ${ms('suspected_at')} AS "suspectedAtMs",
  ${ms('dead_since')} AS "deadSinceMs",
  claimed_by::text AS "claimedBy",
  ${ms('claimed_at')} AS "claimedAtMs"`;
