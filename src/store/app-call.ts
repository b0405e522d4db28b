import type { Pool } from 'pg';
import { writeTransaction } from '../database/write-transaction.js';
import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/**
 * Longest that one call may take, with room to spare: then its claim is taken for that of a
 * process that died. No token passes through the exporter, so nothing is lost by it.
 */
const abandonedAfter = `interval '5 minutes'`;

/**
 * Claims the one call to a provider's own endpoint that may be under way in the whole cluster;
 * null while another is, or while the last one is too recent. Answers with the failures in a row.
 */
export async function claimAppCall(
  pool: Pool,
  provider: string,
  owner: string,
): Promise<{ readonly failures: number } | null> {
  return writeTransaction(pool, async (query) => {
    await query(
      `INSERT INTO ${stateSchema}.providers (provider) VALUES ($1) ON CONFLICT DO NOTHING`,
      [provider],
    );
    const [row] = await query<{ failures: number }>(
      `UPDATE ${stateSchema}.providers SET claimed_by = $2, claimed_at = now()
       WHERE provider = $1
         AND (claimed_by IS NULL OR claimed_at < now() - ${abandonedAfter})
         AND (not_before IS NULL OR not_before <= now())
       RETURNING failures`,
      [provider, owner],
    );
    return row ?? null;
  });
}

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

/** Ends the call: the next one may leave after `waitMs`. */
export async function releaseAppCall(
  query: Query,
  provider: string,
  owner: string,
  { failures, waitMs }: { readonly failures: number; readonly waitMs: number },
): Promise<void> {
  await query(
    `UPDATE ${stateSchema}.providers
     SET claimed_by = NULL, claimed_at = NULL, failures = $3,
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
