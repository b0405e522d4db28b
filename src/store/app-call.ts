import type { Pool } from 'pg';
import { writeTransaction } from '../database/write-transaction.js';
import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/**
 * Longest that one call may take, with room to spare: then its claim is taken for that of a
 * process that died. No token passes through the exporter, so nothing is lost by it.
 */
const abandonedAfter = `interval '5 minutes'`;

/** Shortest time between the end of one call and the next. */
const shortestPause = `interval '60 seconds'`;

export type AppCallClaim =
  | { readonly kind: 'claimed'; readonly failures: number }
  /** Somebody is calling. */
  | { readonly kind: 'under_way' }
  /** The last call has only just ended. */
  | { readonly kind: 'too_recent'; readonly untilMs: number }
  /** The last calls brought nothing. */
  | { readonly kind: 'backing_off'; readonly untilMs: number };

/**
 * Claims the one call to a provider's own endpoint that may be under way in the whole cluster, or
 * says why not. A person bypasses the backoff, but not the time that lies between two calls.
 */
export async function claimAppCall(
  pool: Pool,
  provider: string,
  owner: string,
  isForced: boolean,
): Promise<AppCallClaim> {
  return writeTransaction(pool, async (query) => {
    await query(
      `INSERT INTO ${stateSchema}.providers (provider) VALUES ($1) ON CONFLICT DO NOTHING`,
      [provider],
    );
    const [row] = await query<{ failures: number }>(
      `UPDATE ${stateSchema}.providers SET claimed_by = $2, claimed_at = now()
       WHERE provider = $1
         AND ${free} AND ${rested} AND ($3 OR ${patient})
       RETURNING failures`,
      [provider, owner, isForced],
    );
    if (row !== undefined) return { kind: 'claimed', ...row };
    const [why] = await query<{ free: boolean; rested: boolean; restedMs: number; ms: number }>(
      `SELECT ${free} AS free, ${rested} AS rested,
              ${epochMs(nextCallAt)} AS "restedMs",
              ${epochMs('not_before')} AS ms
       FROM ${stateSchema}.providers WHERE provider = $1`,
      [provider],
    );
    if (why?.free !== true) return { kind: 'under_way' };
    return why.rested
      ? { kind: 'backing_off', untilMs: why.ms }
      : { kind: 'too_recent', untilMs: why.restedMs };
  });
}

/** Without an owner `claimed_at` is when the last call ended. NULL while a call is under way. */
export const nextCallAt = `CASE WHEN claimed_by IS NULL THEN claimed_at + ${shortestPause} END`;

const epochMs = (instant: string) => `floor(extract(epoch FROM ${instant}) * 1000)::float8`;

const free = `(claimed_by IS NULL OR claimed_at < now() - ${abandonedAfter})`;
const rested = `coalesce(${nextCallAt} <= now(), true)`;
const patient = `(not_before IS NULL OR not_before <= now())`;

/** Says that the call goes on; false when the claim has been lost. */
export async function renewAppCall(pool: Pool, provider: string, owner: string): Promise<boolean> {
  return writeTransaction(pool, async (query) => {
    const rows = await query(
      `UPDATE ${stateSchema}.providers SET claimed_at = now()
       WHERE provider = $1 AND claimed_by = $2 RETURNING provider`,
      [provider, owner],
    );
    return rows.length > 0;
  });
}

/** Ends the call: the next one that nobody forces may leave after `waitMs`. */
export async function releaseAppCall(
  query: Query,
  provider: string,
  owner: string,
  { failures, waitMs }: { readonly failures: number; readonly waitMs: number },
): Promise<void> {
  await query(
    `UPDATE ${stateSchema}.providers
     SET claimed_by = NULL, claimed_at = now(), failures = $3,
         not_before = now() + $4 * interval '1 millisecond'
     WHERE provider = $1 AND claimed_by = $2`,
    [provider, owner, failures, waitMs],
  );
}

/** Whether a call to a provider's own endpoint is under way: what moves then is not foreign. */
export async function isAppCallUnderWay(query: Query, provider: string): Promise<boolean> {
  const rows = await query(
    `SELECT FROM ${stateSchema}.providers
     WHERE provider = $1 AND claimed_by IS NOT NULL AND claimed_at >= now() - ${abandonedAfter}`,
    [provider],
  );
  return rows.length > 0;
}
