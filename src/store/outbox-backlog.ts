import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/** Messages that lie in the outbox for too long. */
export interface OutboxBacklog {
  /** How many have waited for longer than was asked for. */
  readonly late: number;
  /** How long the oldest of all has waited; null: none waits. */
  readonly oldestForMs: number | null;
}

/** Reads how much of the outbox has waited for longer than `lateAfterMs`, by the outbox's own clock. */
export async function readOutboxBacklog(query: Query, lateAfterMs: number): Promise<OutboxBacklog> {
  const [row] = await query<OutboxBacklog & Record<string, unknown>>(
    `SELECT (count(*) FILTER (
              WHERE enqueued_at < clock_timestamp() - $1 * interval '1 millisecond'))::float8 AS late,
            floor(extract(epoch FROM clock_timestamp() - min(enqueued_at)) * 1000)::float8
              AS "oldestForMs"
     FROM ${stateSchema}.outbox`,
    [lateAfterMs],
  );
  return row ?? { late: 0, oldestForMs: null };
}
