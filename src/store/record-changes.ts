import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';
import { rememberedMoves } from './remembered-moves.js';
import { switchesUnseenAt } from './switch-events.js';

/** A token's row as one poll saw it, reduced to what is remembered. */
export interface SeenToken {
  readonly id: string;
  readonly subject: string | null;
  readonly active: boolean;
  readonly expiresAtMs: number | null;
}

/** What can happen to a token's row without our doing. Words of the ledger. */
export const changeEvents = [
  'first_seen',
  /** Gone from the application's table. */
  'disappeared',
  'returned',
  /** The expiry moved forward, and it was not us. */
  'foreign_refresh',
  /** The same for a grant that was dead: somebody authorized again. */
  'reauthorized',
  'deactivated',
  'reactivated',
  /** The expiry changed in a way that is no refresh: backward, or to or from NULL. */
  'expiry_changed',
] as const;
export type ChangeEvent = (typeof changeEvents)[number];

/** Those after which the memory has another flag than before. */
const flagEvents: readonly ChangeEvent[] = ['first_seen', 'deactivated', 'reactivated'];

/** A difference between what was remembered and what was seen, with the events that explain it. */
export interface TokenChange {
  readonly id: string;
  readonly events: readonly ChangeEvent[];
  /** null: the row is gone. */
  readonly seen: SeenToken | null;
  /** How far ahead of the moment of observation a forward move put the expiry. */
  readonly lifetimeMs: number | null;
}

/**
 * Takes changes over into the memory and writes their events into the ledger, in one statement.
 *
 * Each change is applied only where the memory still differs from it, so that of several replicas
 * that saw the same change one records it, and not where the memory is newer than what was seen;
 * returns the events that this call recorded. A change is also left where its flag may be older than a
 * switch in the ledger: if it is not, a later poll finds it again. A forward move ends backoff,
 * suspicion and death: the refresh token behind it is a new one.
 */
export async function recordChanges(
  query: Query,
  provider: string,
  changes: readonly TokenChange[],
  observedAt: Date,
): Promise<{ readonly tokenId: string; readonly event: ChangeEvent }[]> {
  if (changes.length === 0) return [];
  const input = changes.map(({ id, events, seen, lifetimeMs }) => ({
    token_id: id,
    events,
    gone: seen === null,
    subject: seen?.subject ?? null,
    active: seen?.active ?? false,
    expires_at: toTimestamp(seen?.expiresAtMs ?? null),
    flag: events.some((event) => flagEvents.includes(event)),
    forward: events.includes('foreign_refresh') || events.includes('reauthorized'),
    lifetime_seconds: lifetimeMs === null ? null : lifetimeMs / 1000,
  }));
  return query<{ tokenId: string; event: ChangeEvent }>(recordSql, [
    provider,
    JSON.stringify(input),
    observedAt.toISOString(),
    changes.flatMap(({ id, events }) => (events.includes('first_seen') ? [] : [id])),
  ]);
}

// The ids a second time, as an array: of its length the planner knows. Before the table is analysed it
// would go through all of the input for each row. And the flag must still be the one that was compared
// with: of a switch that ends while this waits for its row, the ledger does not tell yet.
const recordSql = `
WITH unseen AS (${switchesUnseenAt('$3::timestamptz', '$1')}
), input AS (
  SELECT * FROM jsonb_to_recordset($2::jsonb) AS x(
    token_id text, events text[], gone boolean, subject text, active boolean,
    expires_at timestamptz, flag boolean, forward boolean, lifetime_seconds double precision)
  WHERE NOT (flag AND (token_id, NOT active) IN (SELECT token_id, active FROM unseen))
), inserted AS (
  INSERT INTO ${stateSchema}.tokens (provider, token_id, subject, first_seen_at, active, expires_at)
  SELECT $1, token_id, subject, $3::timestamptz, active, expires_at
  FROM input WHERE 'first_seen' = ANY(events)
  ON CONFLICT DO NOTHING
  RETURNING token_id, ARRAY['first_seen'] AS events
), updated AS (
  UPDATE ${stateSchema}.tokens AS t SET
    subject = CASE WHEN input.gone THEN t.subject ELSE input.subject END,
    active = CASE WHEN input.gone THEN t.active ELSE input.active END,
    expires_at = CASE WHEN input.gone THEN t.expires_at ELSE input.expires_at END,
    gone_at = CASE WHEN input.gone THEN $3::timestamptz END,
    expiry_moved_at = CASE WHEN input.forward THEN $3::timestamptz ELSE t.expiry_moved_at END,
    observed_lifetimes_seconds = CASE WHEN input.lifetime_seconds IS NULL
      THEN t.observed_lifetimes_seconds
      ELSE (t.observed_lifetimes_seconds || input.lifetime_seconds)[
        greatest(1, cardinality(t.observed_lifetimes_seconds) + 2 - ${String(rememberedMoves)}):] END,
    failures = CASE WHEN input.forward THEN 0 ELSE t.failures END,
    not_before = CASE WHEN input.forward THEN NULL ELSE t.not_before END,
    suspected_at = CASE WHEN input.forward THEN NULL ELSE t.suspected_at END,
    dead_since = CASE WHEN input.forward THEN NULL ELSE t.dead_since END
  FROM input
  WHERE t.provider = $1 AND t.token_id = ANY($4::text[]) AND t.token_id = input.token_id
    AND t.claimed_by IS NULL
    AND (input.gone OR t.active = (input.active <> input.flag))
    AND (t.refreshed_at IS NULL OR t.refreshed_at < $3::timestamptz)
    AND (t.expiry_moved_at IS NULL OR t.expiry_moved_at < $3::timestamptz)
    AND CASE WHEN input.gone THEN t.gone_at IS NULL
        ELSE t.gone_at IS NOT NULL OR t.active IS DISTINCT FROM input.active
             OR t.expires_at IS DISTINCT FROM input.expires_at END
  RETURNING t.token_id, input.events
)
INSERT INTO ${stateSchema}.ledger (at, provider, token_id, event, actor)
SELECT $3::timestamptz, $1, token_id, event, 'poll'
FROM (TABLE inserted UNION ALL TABLE updated) AS applied, unnest(events) AS event
RETURNING token_id AS "tokenId", event`;

/** As Postgres reads it; null stays null. */
export function toTimestamp(ms: number | null): string | null {
  if (ms === null) return null;
  if (!Number.isFinite(ms)) return ms > 0 ? 'infinity' : '-infinity';
  return new Date(ms).toISOString();
}
