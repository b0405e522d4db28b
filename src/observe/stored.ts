import type { SyncConfig, TableName } from '../config/config.js';
import type { RunLog, StoredItems } from '../config/sync-config.js';
import type { Query } from '../database/read-snapshot.js';
import type { Catalog } from './catalog.js';
import { epochMs, instantParameter } from './instant-sql.js';
import {
  findReadable,
  hiddenRows,
  quote,
  quoteLiteral,
  quoteTable,
  readableInstant,
} from './readable-table.js';
import { known, unknown } from './reading.js';
import type { Reading } from './reading.js';
import { resolveRunLog } from './run-log-source.js';

/** How far back it is looked for what syncs stored. */
export const storedWindowMs = 7 * 86_400_000;

/** What syncs that say they succeeded have brought, within the window. */
export interface ObservedStored {
  /** null: nothing was stored within the window. */
  readonly lastStoredAtMs: number | null;
  /** null: no run succeeded within the window. */
  readonly lastSuccessAtMs: number | null;
  /** Runs that succeeded since the newest item was stored, or else within the window. */
  readonly successes: number;
}

/** Every table that it is read from. */
export function storedTables(syncs: SyncConfig | null): TableName[] {
  return syncs?.stored == null ? [] : [syncs.stored, ...syncs.runs];
}

/** Reads when the newest item was stored, and how many runs have succeeded since. */
export async function readStored(
  query: Query,
  catalog: Catalog,
  stored: StoredItems,
  runs: readonly RunLog[],
  now: Date,
): Promise<Reading<ObservedStored>> {
  const items = itemsSql(stored, catalog);
  if (!items.known) return items;
  const successes = successesSql(runs, catalog);
  if (!successes.known) return successes;
  const [row] = await query<{
    stored_ms: number | null;
    success_ms: number | null;
    successes: number;
  }>(
    `WITH newest AS (
       SELECT max(at) AS at FROM ${items.value} AS items
       WHERE at > $1::timestamptz AND at <= $2::timestamptz
     ), runs AS (
       SELECT at FROM (${successes.value}) AS logged
       WHERE at > $1::timestamptz AND at <= $2::timestamptz
     )
     SELECT (SELECT ${epochMs('at')} FROM newest) AS stored_ms,
            ${epochMs('max(at)')} AS success_ms,
            count(*) FILTER (
              WHERE at > coalesce((SELECT at FROM newest), $1::timestamptz))::float8 AS successes
     FROM runs`,
    [instantParameter(now.getTime() - storedWindowMs), instantParameter(now.getTime())],
  );
  return known({
    lastStoredAtMs: row?.stored_ms ?? null,
    lastSuccessAtMs: row?.success_ms ?? null,
    successes: row?.successes ?? 0,
  });
}

function itemsSql(stored: StoredItems, catalog: Catalog): Reading<string> {
  const needed = [...new Set([stored.at, ...Object.keys(stored.where)])];
  const found = findReadable(stored, needed, catalog);
  if (!found.known) return found;
  if (found.value.rowSecurity === 'restricted') return hiddenRows(stored, catalog.role);
  const at = readableInstant(stored, stored.at, found.value);
  if (!at.known) return at;
  const conditions = Object.entries(stored.where).map(
    ([name, values]) => `${quote(name)}::text IN (${values.map(quoteLiteral).join(', ')})`,
  );
  const where = ['true', ...conditions].join(' AND ');
  return known(`(SELECT ${at.value} AS at FROM ${quoteTable(stored)} WHERE ${where})`);
}

/** SQL that yields the instant of every run that succeeded, errors inside or not. */
function successesSql(runs: readonly RunLog[], catalog: Catalog): Reading<string> {
  const resolved = runs.map((log) => ({
    log,
    reading: resolveRunLog({ ...log, errors: null }, catalog),
  }));
  const lost = resolved.find(
    ({ log, reading }) => !reading.known && !(log.optional && reading.state === 'missing'),
  )?.reading;
  if (lost?.known === false) return lost;
  const logs = resolved.flatMap(({ reading }) => (reading.known ? [reading.value] : []));
  if (logs.length === 0) {
    return unknown(
      'missing',
      'no log of sync runs is there',
      'map syncs.runs, or unset syncs.stored',
    );
  }
  return known(
    logs.map((sql) => `SELECT at FROM ${sql} AS run WHERE outcome = 'success'`).join(' UNION ALL '),
  );
}
