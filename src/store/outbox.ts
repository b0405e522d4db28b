import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

const outbox = `${stateSchema}.outbox`;

/** A message that may be delivered now: the first of its incident, and not held by anybody. */
export interface PendingMessage {
  readonly id: string;
  readonly incidentId: string;
  /** A `Notice`, by whatever version wrote it. */
  readonly notice: unknown;
  readonly attempts: number;
  readonly failingSinceMs: number | null;
  /** Its blocks were refused before: it is to be sent as plain text. */
  readonly plain: boolean;
}

export interface OutboxState {
  /** All that are not delivered, whether they may be now or not. */
  readonly pending: number;
  /** null: none is pending. */
  readonly oldestEnqueuedAtMs: number | null;
  /** The oldest of those that may be delivered now. */
  readonly messages: readonly PendingMessage[];
}

/** No more are looked at in one go; those that wait for something are not among them. */
const batch = 200;

/**
 * Puts a notice into the outbox. Call it in the transaction that writes what the notice tells of:
 * then people are told of exactly what was remembered.
 */
export async function enqueue(
  query: Query,
  message: { readonly incidentId: string; readonly notice: unknown },
): Promise<void> {
  await query(`INSERT INTO ${outbox} (incident_id, notice) VALUES ($1, $2::jsonb)`, [
    message.incidentId,
    JSON.stringify(message.notice),
  ]);
}

const at = (column: string) => `floor(extract(epoch FROM ${column}) * 1000)::float8`;

const messageColumns = `id::text AS id, incident_id AS "incidentId", notice, attempts, plain,
  ${at('failing_since')} AS "failingSinceMs"`;

const isDeliverable = `not_before <= clock_timestamp() AND NOT EXISTS (
  SELECT FROM ${outbox} AS earlier
  WHERE earlier.incident_id = outbox.incident_id AND earlier.id < outbox.id)`;

/** What is to be delivered. Takes no lock. */
export async function readOutbox(query: Query): Promise<OutboxState> {
  const messages = await query<PendingMessage & Record<string, unknown>>(
    `SELECT ${messageColumns} FROM ${outbox} AS outbox
     WHERE ${isDeliverable} ORDER BY id LIMIT ${String(batch)}`,
  );
  const [row] = await query<{ pending: number; oldest: number | null }>(
    `SELECT count(*)::integer AS pending, ${at('min(enqueued_at)')} AS oldest FROM ${outbox}`,
  );
  return { messages, pending: row?.pending ?? 0, oldestEnqueuedAtMs: row?.oldest ?? null };
}

/**
 * Takes a message for `claimMs`, so that nobody else sends it meanwhile; null when it is no longer
 * to be delivered. A claim ends by itself: its owner may die.
 */
export async function claimMessage(
  query: Query,
  id: string,
  claimMs: number,
): Promise<PendingMessage | null> {
  const [row] = await query<PendingMessage & Record<string, unknown>>(
    `UPDATE ${outbox} AS outbox SET not_before = clock_timestamp() + $2 * interval '1 millisecond'
     WHERE id = $1::bigint AND ${isDeliverable} RETURNING ${messageColumns}`,
    [id, claimMs],
  );
  return row ?? null;
}

/** Takes a message out: it was delivered, or given up. False when somebody else has done so. */
export async function removeMessage(query: Query, id: string): Promise<boolean> {
  const rows = await query(`DELETE FROM ${outbox} WHERE id = $1::bigint RETURNING id`, [id]);
  return rows.length > 0;
}

/** Notes that a message could not be delivered, and when it may be tried again. */
export async function postponeMessage(
  query: Query,
  id: string,
  { waitMs, plain }: { readonly waitMs: number; readonly plain: boolean },
): Promise<void> {
  await query(
    `UPDATE ${outbox}
     SET attempts = attempts + 1, plain = plain OR $3,
         failing_since = coalesce(failing_since, clock_timestamp()),
         not_before = clock_timestamp() + $2 * interval '1 millisecond'
     WHERE id = $1::bigint`,
    [id, waitMs, plain],
  );
}

/** Takes out, and returns, what could not be delivered for `giveUpAfterMs`. */
export async function giveUpMessages(
  query: Query,
  giveUpAfterMs: number,
): Promise<readonly PendingMessage[]> {
  return query<PendingMessage & Record<string, unknown>>(
    `DELETE FROM ${outbox}
     WHERE failing_since < clock_timestamp() - $1 * interval '1 millisecond'
       AND not_before <= clock_timestamp()
     RETURNING ${messageColumns}`,
    [giveUpAfterMs],
  );
}
