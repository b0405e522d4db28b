import { createHash } from 'node:crypto';
import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

const webhooks = `${stateSchema}.webhooks`;

/** Names a webhook without telling its URL, which is a secret. */
export function webhookFingerprint(url: string): string {
  return createHash('sha256').update(url).digest('hex');
}

/** What the replicas share of a webhook. */
export interface WebhookState {
  readonly fingerprint: string;
  /** When the next message may leave, seen from now; 0: at once. */
  readonly waitMs: number;
  /** Another process is its sender. */
  readonly leasedByOther: boolean;
  /** Sends that failed in a row. */
  readonly failures: number;
  /** What Slack said when it refused the webhook for good; null: it has not. */
  readonly latchDetail: string | null;
}

// -infinity, of one that was never used, goes before the subtraction: PostgreSQL has none below 17.
const stateColumns = `fingerprint, failures,
  CASE WHEN latched_at IS NOT NULL THEN coalesce(latch_detail, '') END AS "latchDetail",
  greatest(0, extract(epoch FROM greatest(next_send_at, clock_timestamp()) - clock_timestamp())
              * 1000)::float8 AS "waitMs",
  coalesce(leased_by <> $1::uuid AND leased_until > clock_timestamp(), false) AS "leasedByOther"`;

/** How these webhooks stand, as `owner` sees it. One that nobody used yet has no row. */
export async function readWebhooks(
  query: Query,
  owner: string,
  fingerprints: readonly string[],
): Promise<readonly WebhookState[]> {
  return query<WebhookState & Record<string, unknown>>(
    `SELECT ${stateColumns} FROM ${webhooks} WHERE fingerprint = ANY($2::text[])`,
    [owner, fingerprints],
  );
}

/** Makes rows for webhooks that have none. */
export async function registerWebhooks(
  query: Query,
  fingerprints: readonly string[],
): Promise<void> {
  await query(
    `INSERT INTO ${webhooks} (fingerprint) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING`,
    [fingerprints],
  );
}

/**
 * Locks a webhook for the rest of the transaction and, if `owner` may send over it now, makes it
 * the only sender for `leaseMs` and takes the slot. Null: not now.
 *
 * The lease stays with whoever sends; the time of the next send lies in the row, so that it
 * outlives its sender. All by the clock of the database, read after the lock.
 */
export async function leaseWebhook(
  query: Query,
  fingerprint: string,
  owner: string,
  { leaseMs, spacingMs }: { readonly leaseMs: number; readonly spacingMs: number },
): Promise<{ readonly failures: number } | null> {
  await query(`SELECT FROM ${webhooks} WHERE fingerprint = $1 FOR UPDATE`, [fingerprint]);
  const [row] = await query<{ failures: number }>(
    `UPDATE ${webhooks}
     SET leased_by = $2, leased_until = clock_timestamp() + $3 * interval '1 millisecond',
         next_send_at = clock_timestamp() + $4 * interval '1 millisecond'
     WHERE fingerprint = $1 AND latched_at IS NULL AND next_send_at <= clock_timestamp()
       AND (leased_by IS NULL OR leased_by = $2 OR leased_until <= clock_timestamp())
     RETURNING failures`,
    [fingerprint, owner, leaseMs, spacingMs],
  );
  return row ?? null;
}

/**
 * Notes how a send went. The next one leaves `waitMs` after this moment at the earliest: counted
 * from the answer, two requests can't arrive closer together than that.
 */
export async function recordSend(
  query: Query,
  fingerprint: string,
  owner: string,
  { failures, waitMs }: { readonly failures: number; readonly waitMs: number },
): Promise<void> {
  await query(
    `UPDATE ${webhooks}
     SET failures = $3,
         next_send_at = greatest(next_send_at, clock_timestamp() + $4 * interval '1 millisecond')
     WHERE fingerprint = $1 AND leased_by = $2`,
    [fingerprint, owner, failures, waitMs],
  );
}

/** Notes that Slack refuses a webhook for good. True when it was not noted before. */
export async function latchWebhook(
  query: Query,
  fingerprint: string,
  detail: string,
): Promise<boolean> {
  const rows = await query(
    `UPDATE ${webhooks} SET latched_at = clock_timestamp(), latch_detail = $2
     WHERE fingerprint = $1 AND latched_at IS NULL RETURNING fingerprint`,
    [fingerprint, detail],
  );
  return rows.length > 0;
}

/** A person saw the webhook work: it is used again. True when it was not. */
export async function unlatchWebhook(query: Query, fingerprint: string): Promise<boolean> {
  const rows = await query(
    `UPDATE ${webhooks}
     SET latched_at = NULL, latch_detail = NULL, failures = 0, next_send_at = clock_timestamp()
     WHERE fingerprint = $1 AND latched_at IS NOT NULL RETURNING fingerprint`,
    [fingerprint],
  );
  return rows.length > 0;
}

/** Lets go of what this process was the sender of, so that another need not wait. */
export async function releaseWebhooks(query: Query, owner: string): Promise<void> {
  await query(`UPDATE ${webhooks} SET leased_by = NULL, leased_until = NULL WHERE leased_by = $1`, [
    owner,
  ]);
}
