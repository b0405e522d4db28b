import type { Query } from '../database/read-snapshot.js';
import { longestWriteMs } from '../database/write-transaction.js';
import { stateSchema } from './migrate.js';

/** What a person did to the flag of a row. Words of the ledger, beside those of `changeEvents`. */
export const switchEvents = [
  'deactivated_by_hand',
  'reactivated_by_hand',
  /** Switched on to prove its grant; `reactivated_by_hand` or `reactivation_failed` follows. */
  'reactivation_tried',
  /** Switched off again: its grant was not proven. */
  'reactivation_failed',
] as const;
export type SwitchByHand = (typeof switchEvents)[number];

/** The same done by others, as a poll notes it. */
const seenSwitches = ['deactivated', 'reactivated'] as const;
const switchesOn = ['reactivated', 'reactivated_by_hand', 'reactivation_tried'];

/** The last time that a row was switched on or off. */
export interface SwitchEvent {
  readonly tokenId: string;
  readonly at: Date;
  readonly event: SwitchByHand | (typeof seenSwitches)[number];
  readonly on: boolean;
  readonly actor: string;
  readonly detail: string | null;
}

/** Reads the last switch of every row of a provider that the ledger still knows, by token id. */
export async function readLastSwitches(
  query: Query,
  provider: string,
): Promise<ReadonlyMap<string, SwitchEvent>> {
  const rows = await query<SwitchEvent & Record<string, unknown>>(
    `SELECT DISTINCT ON (token_id) token_id AS "tokenId", at, event, actor, detail,
            event = ANY($3::text[]) AS on
     FROM ${stateSchema}.ledger WHERE provider = $1 AND event = ANY($2::text[])
     ORDER BY token_id, id DESC`,
    [provider, [...seenSwitches, ...switchEvents], switchesOn],
  );
  return new Map(rows.map((row) => [row.tokenId, row]));
}

/**
 * SQL for the switches that a snapshot of the instant `at` may be too old to show: `token_id`, and
 * `active` as it became. Both arguments are SQL too.
 *
 * What a poll noted it saw at the time of its line. A person's line has the time when its transaction
 * began, which may have been committed as late as any write may.
 */
export function switchesUnseenAt(at: string, provider: string): string {
  return `
  SELECT token_id, event IN (${words(switchesOn)}) AS active FROM ${stateSchema}.ledger
  WHERE provider = ${provider} AND at >= ${at} - interval '${String(longestWriteMs)} milliseconds'
    AND (event IN (${words(switchEvents)}) OR event IN (${words(seenSwitches)}) AND at >= ${at})`;
}

function words(events: readonly string[]): string {
  return events.map((event) => `'${event}'`).join(', ');
}

/** A switch of one row by a person, and why. */
export interface SwitchLine {
  readonly provider: string;
  readonly tokenId: string;
  readonly event: SwitchByHand;
  /** What was known of the grant: `dead`, `forced`. */
  readonly reason: string | null;
}

/**
 * Writes switches into the ledger and takes them over into the memory, so that the next poll does
 * not report them as somebody else's doing. `atMs` is when, by the clock of the tokens' database, as
 * polls have it; null: now, by that of the memory.
 */
export async function recordSwitches(
  query: Query,
  lines: readonly SwitchLine[],
  actor: string,
  detail: string | null,
  atMs: number | null,
): Promise<void> {
  if (lines.length === 0) return;
  await query(
    `WITH input AS (
       SELECT * FROM jsonb_to_recordset($1::jsonb) AS x(
         provider text, "tokenId" text, event text, reason text)
     ), remembered AS (
       UPDATE ${stateSchema}.tokens AS t SET active = input.event = ANY($4::text[])
       FROM input WHERE t.provider = input.provider AND t.token_id = input."tokenId"
     )
     INSERT INTO ${stateSchema}.ledger (at, provider, token_id, event, reason, detail, actor)
     SELECT coalesce(to_timestamp($5::float8 / 1000), now()), provider, "tokenId", event, reason, $3, $2
     FROM input`,
    [JSON.stringify(lines), actor, detail, switchesOn, atMs],
  );
}
