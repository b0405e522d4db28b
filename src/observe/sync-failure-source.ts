import type { FailureTable } from '../config/sync-config.js';
import { displayName } from './catalog.js';
import type { Catalog } from './catalog.js';
import { grantSelect, quote } from './readable-table.js';
import { known } from './reading.js';
import type { Reading } from './reading.js';
import { resolveSubjectTable } from './sync-source.js';

/** A FROM item that yields (subject text, at timestamptz, message text) of every failed sync. */
export interface FailureSql {
  readonly sql: string;
}

/** What a database offers of the failures that are configured. */
export interface SyncFailureSource {
  readonly failures: Reading<readonly FailureSql[]>;
  readonly tables: readonly {
    readonly table: string;
    readonly optional: boolean;
    readonly reading: Reading<unknown>;
  }[];
}

/**
 * Works out how failed syncs can be read; null where none are configured.
 *
 * As with the signs of success, an optional table that was never there is left out, and one that
 * can't be read makes all of it unknown. A message that can't be read does not: then it is not
 * known why syncs failed, and a note says so.
 */
export function resolveFailures(
  tables: readonly FailureTable[],
  catalog: Catalog,
  seenBefore: (table: string) => boolean,
): SyncFailureSource | null {
  if (tables.length === 0) return null;
  const resolved = tables.map((config) => ({ config, reading: resolveTable(config, catalog) }));
  const lost = resolved.find(
    ({ config, reading }) =>
      !reading.known &&
      !(reading.state === 'missing' && config.optional && !seenBefore(config.table)),
  )?.reading;
  return {
    failures:
      lost?.known === false
        ? lost
        : known(resolved.flatMap(({ reading }) => (reading.known ? [reading.value] : []))),
    tables: resolved.map(({ config, reading }) => ({
      table: config.table,
      optional: config.optional,
      reading,
    })),
  };
}

function resolveTable(config: FailureTable, catalog: Catalog): Reading<FailureSql> {
  const columns = catalog.relations.get(displayName(config))?.columns;
  const readable = config.message.filter((column) => columns?.get(column)?.selectable === true);
  const message =
    readable.length === 0
      ? 'NULL::text'
      : `concat_ws(': ', ${readable.map((column) => `nullif(${quote(column)}::text, '')`).join(', ')})`;
  const found = resolveSubjectTable(config, catalog, { message });
  if (!found.known) return found;
  const unreadable = config.message.filter((column) => !readable.includes(column));
  const notes = unreadable.map((column) => {
    const remedy = columns?.has(column) ? `; ${grantSelect(config, [column], catalog.role)}` : '';
    return `column ${column} can't be read, so it is not known why a sync failed${remedy}`;
  });
  return known(found.value, notes);
}
