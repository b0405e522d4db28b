import type { RunLog } from '../config/sync-config.js';
import type { Catalog } from './catalog.js';
import {
  findReadable,
  hiddenRows,
  readableInstant,
  quote,
  quoteLiteral,
  quoteTable,
} from './readable-table.js';
import { known } from './reading.js';
import type { Reading } from './reading.js';

/** How a run of a sync ended. Values of a metric label. */
export const runOutcomes = ['success', 'partial', 'failed'] as const;
export type RunOutcome = (typeof runOutcomes)[number];

/** Works out a FROM item that yields (at timestamptz, outcome text) of every run that ended. */
export function resolveRunLog(log: RunLog, catalog: Catalog): Reading<string> {
  const { at, outcome, errors, where } = log;
  const needed = [at, outcome, ...(errors === null ? [] : [errors]), ...Object.keys(where)];
  const found = findReadable(log, [...new Set(needed)], catalog);
  if (!found.known) return found;
  if (found.value.rowSecurity === 'restricted') return hiddenRows(log, catalog.role);
  const instant = readableInstant(log, at, found.value);
  if (!instant.known) return instant;
  const isOneOf = (name: string, values: readonly string[]) =>
    `${quote(name)}::text IN (${values.map(quoteLiteral).join(', ')})`;
  const succeeded = isOneOf(outcome, log.succeeded);
  const partial =
    errors === null ? 'false' : `${succeeded} AND nullif(${quote(errors)}::text, '') IS NOT NULL`;
  const conditions = [
    ...Object.entries(where).map(([name, values]) => isOneOf(name, values)),
    isOneOf(outcome, [...log.succeeded, ...log.failed]),
  ];
  return known(
    `(SELECT ${instant.value} AS at,
             CASE WHEN ${partial} THEN 'partial' WHEN ${succeeded} THEN 'success' ELSE 'failed' END AS outcome
      FROM ${quoteTable(log)} WHERE ${conditions.join(' AND ')})`,
  );
}
