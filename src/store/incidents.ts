import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';
import { toTimestamp } from './record-changes.js';

/** What an incident is about. At most one with the same key is open at a time. */
export interface IncidentKey {
  /** null: it concerns the exporter or its database, not one provider. */
  readonly provider: string | null;
  readonly cause: string;
  /** The host, where the cause is one replica's own; null where all replicas see the same. */
  readonly replica: string | null;
}

/** An incident as far as it has come. Instants are epoch milliseconds, by the database's clock. */
export interface Incident extends IncidentKey {
  readonly id: string;
  /** For compare-and-swap; 0: not stored yet. */
  readonly version: number;
  readonly severity: string;
  readonly firstSeenAtMs: number;
  /** Enough polls have said so. People may be told. */
  readonly confirmed: boolean;
  /** Polls that count towards its confirmation. */
  readonly badPolls: number;
  /** Polls in a row that count towards its end. */
  readonly goodPolls: number;
  readonly countedAtMs: number;
  /** What an older poll saw than that which last changed it means nothing to it. */
  readonly decidedAtMs: number;
  readonly told: Told | null;
  /** Reminders since it was opened. */
  readonly reminders: number;
  /** A silence has kept something from people. */
  readonly silenced: boolean;
}

/** What people were last told. */
export interface Told {
  readonly atMs: number;
  readonly ids: ReadonlySet<string>;
}

/** As a map's key. */
export function keyOf({ provider, cause, replica }: IncidentKey): string {
  return JSON.stringify([provider, cause, replica]);
}

type IncidentRow = Omit<Incident, 'told'> & { readonly toldAtMs: number | null };

/**
 * Reads every open incident. What people were told of one can be 50,000 ids: it is taken from
 * `known` where that still holds.
 */
export async function readOpenIncidents(
  query: Query,
  known: readonly Incident[],
): Promise<Incident[]> {
  const rows = await query<IncidentRow & Record<string, unknown>>(
    `SELECT ${columns} FROM ${stateSchema}.incidents WHERE recovered_at IS NULL`,
  );
  const kept = new Map(known.map((incident) => [incident.id, incident.told]));
  const missing = rows.filter(
    ({ id, toldAtMs }) => toldAtMs !== null && kept.get(id)?.atMs !== toldAtMs,
  );
  const read = missing.length === 0 ? [] : await readToldIds(query, missing);
  const told = new Map([...kept, ...read]);
  return rows.map(({ toldAtMs, ...rest }) => ({
    ...rest,
    told: toldAtMs === null ? null : (told.get(rest.id) ?? null),
  }));
}

async function readToldIds(
  query: Query,
  rows: readonly IncidentRow[],
): Promise<[id: string, told: Told][]> {
  const ids = await query<{ id: string; toldAtMs: number; toldIds: string[] }>(
    `SELECT id, ${ms('told_at')} AS "toldAtMs", told_ids AS "toldIds"
     FROM ${stateSchema}.incidents WHERE id = ANY($1::uuid[]) AND told_at IS NOT NULL`,
    [rows.map(({ id }) => id)],
  );
  return ids.map(({ id, toldAtMs, toldIds }) => [id, { atMs: toldAtMs, ids: new Set(toldIds) }]);
}

/**
 * Writes an incident where its version is still the stored one. False: somebody else was faster,
 * or has opened one with the same key; then nothing is written, and nothing must be told.
 */
export async function saveIncident(
  query: Query,
  incident: Incident,
  toldIsNew: boolean,
): Promise<boolean> {
  const values = [
    incident.id,
    incident.version,
    incident.confirmed,
    incident.badPolls,
    incident.goodPolls,
    toTimestamp(incident.countedAtMs),
    toTimestamp(incident.decidedAtMs),
    toTimestamp(incident.told?.atMs ?? null),
    toldIsNew && incident.told !== null ? JSON.stringify([...incident.told.ids]) : null,
    incident.reminders,
    incident.silenced,
  ];
  const { provider, cause, replica, severity, firstSeenAtMs } = incident;
  const rows =
    incident.version === 0
      ? await query(insertSql, [
          ...values,
          provider ?? '',
          cause,
          replica ?? '',
          severity,
          toTimestamp(firstSeenAtMs),
        ])
      : await query(updateSql, values);
  return rows.length > 0;
}

/** Ends an incident in the same way. One that nobody was told of leaves no trace. */
export async function endIncident(
  query: Query,
  { id, version, told }: Incident,
  atMs: number,
): Promise<boolean> {
  const rows =
    told === null
      ? await query(
          `DELETE FROM ${stateSchema}.incidents WHERE id = $1 AND version = $2 RETURNING id`,
          [id, version],
        )
      : await query(
          `UPDATE ${stateSchema}.incidents
           SET version = version + 1, recovered_at = $3, decided_at = $3, told_ids = '[]'
           WHERE id = $1 AND version = $2 AND recovered_at IS NULL RETURNING id`,
          [id, version, toTimestamp(atMs)],
        );
  return rows.length > 0;
}

/** Whether one with this key has ended since `sinceMs`. */
export async function endedSince(
  query: Query,
  { provider, cause, replica }: IncidentKey,
  sinceMs: number,
): Promise<boolean> {
  const rows = await query(
    `SELECT FROM ${stateSchema}.incidents
     WHERE provider = $1 AND cause = $2 AND replica = $3 AND recovered_at >= $4 LIMIT 1`,
    [provider ?? '', cause, replica ?? '', toTimestamp(sinceMs)],
  );
  return rows.length > 0;
}

/**
 * Forgets what ended, incidents and silences, more than `retentionMs` ago; and incidents of which
 * nothing was heard for as long: their provider is not configured any more, or their host is gone.
 */
export async function pruneIncidents(query: Query, retentionMs: number): Promise<void> {
  const before = `now() - $1 * interval '1 millisecond'`;
  await query(
    `DELETE FROM ${stateSchema}.incidents WHERE coalesce(recovered_at, decided_at) < ${before}`,
    [retentionMs],
  );
  await query(`DELETE FROM ${stateSchema}.silences WHERE ends_at < ${before}`, [retentionMs]);
}

const ms = (column: string) => `floor(extract(epoch FROM ${column}) * 1000)::float8`;

const columns = `
  id::text, nullif(provider, '') AS provider, cause, nullif(replica, '') AS replica, version, severity,
  confirmed, bad_polls AS "badPolls", good_polls AS "goodPolls", reminders, silenced,
  ${ms('first_seen_at')} AS "firstSeenAtMs", ${ms('counted_at')} AS "countedAtMs",
  ${ms('decided_at')} AS "decidedAtMs", ${ms('told_at')} AS "toldAtMs"`;

const insertSql = `
INSERT INTO ${stateSchema}.incidents
  (id, version, confirmed, bad_polls, good_polls, counted_at, decided_at, told_at, told_ids,
   reminders, silenced, provider, cause, replica, severity, first_seen_at)
VALUES ($1, $2::integer + 1, $3, $4, $5, $6, $7, $8, coalesce($9::jsonb, '[]'), $10, $11, $12, $13,
  $14, $15, $16)
ON CONFLICT DO NOTHING RETURNING id`;

const updateSql = `
UPDATE ${stateSchema}.incidents SET
  version = version + 1, confirmed = $3, bad_polls = $4, good_polls = $5, counted_at = $6,
  decided_at = $7, told_at = $8, told_ids = coalesce($9::jsonb, told_ids), reminders = $10,
  silenced = $11
WHERE id = $1 AND version = $2 AND recovered_at IS NULL RETURNING id`;
