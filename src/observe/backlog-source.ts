import type { BacklogConfig } from '../config/backlog-config.js';
import { displayName } from './catalog.js';
import type { Catalog, Column } from './catalog.js';
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

/** SQL to read a backlog with. */
export interface BacklogSource {
  /** The columns that are there, in the order of `conditions`. */
  readonly columns: readonly string[];
  /** Booleans over a row, one per column: it is missing. */
  readonly conditions: readonly string[];
  /** text */
  readonly subject: string;
  /** timestamptz */
  readonly at: string;
  readonly from: string;
  readonly where: string;
}

/**
 * Works out how a backlog can be read. A column that is gone is left out, with a note: how many rows
 * lack it is not known. Where every one is gone, or one is not permitted, nothing is known.
 */
export function resolveBacklog(config: BacklogConfig, catalog: Catalog): Reading<BacklogSource> {
  const { subject, at, missing, where } = config;
  const there = catalog.relations.get(displayName(config))?.columns;
  const columns = missing.filter((column) => there?.has(column) === true);
  const needed = [...new Set([subject, at, ...Object.keys(where), ...columns])];
  const found = findReadable(config, needed, catalog);
  if (!found.known) return found;
  if (found.value.rowSecurity === 'restricted') return hiddenRows(config, catalog.role);
  if (columns.length === 0) {
    return unknown(
      'drifted',
      `${displayName(config)} has no column ${missing.join(', ')}`,
      `it has ${[...found.value.columns.keys()].join(', ')}: map the right ones under backlog.missing`,
    );
  }
  const instant = readableInstant(config, at, found.value);
  if (!instant.known) return instant;
  const notes = missing
    .filter((column) => !columns.includes(column))
    .map((column) => `column ${column} is not there, so it is not known how many rows lack it`);
  const accepted = Object.entries(where).map(
    ([name, values]) => `${quote(name)}::text IN (${values.map(quoteLiteral).join(', ')})`,
  );
  return known(
    {
      columns,
      conditions: columns.map((name) => missingSql(name, found.value.columns.get(name))),
      subject: `${quote(subject)}::text`,
      at: instant.value,
      from: quoteTable(config),
      where: ['true', ...accepted].join(' AND '),
    },
    notes,
  );
}

/**
 * NULL, an empty text, an empty list or an empty JSON value. Compared inside the database: what the
 * column holds never leaves it.
 */
function missingSql(name: string, column: Column | undefined): string {
  const type = column?.type ?? '';
  const sql = quote(name);
  if (/^(text|character varying|character)\b(?!.*\[\])/.test(type)) {
    return `(${sql} IS NULL OR ${sql} = '')`;
  }
  if (/^jsonb?$|\[\]$/.test(type)) {
    return `(${sql} IS NULL OR ${sql}::text IN ('{}', '[]', 'null', '""'))`;
  }
  return `(${sql} IS NULL)`;
}
