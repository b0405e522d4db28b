import pg from 'pg';
import type { TableName } from '../config/config.js';
import { displayName } from './catalog.js';
import type { Catalog, Column, Relation } from './catalog.js';
import { known, unknown } from './reading.js';
import type { Reading, Unknown } from './reading.js';
import { reservedWords } from './reserved-words.js';

/** Quotes a name for SQL. */
export const quote: (name: string) => string = pg.escapeIdentifier;

/** Quotes a text value for SQL. */
export const quoteLiteral: (value: string) => string = pg.escapeLiteral;

/** Quotes a table's name for SQL. */
export function quoteTable({ schema, table }: TableName): string {
  return `${quote(schema)}.${quote(table)}`;
}

/**
 * Finds a table in the catalog and checks that `columns` of it can be read.
 *
 * Unknown says which table or column is gone, or the GRANT that is missing. That GRANT names the
 * columns in `wanted` too, where they are there: what others read of the table.
 */
export function findReadable(
  name: TableName,
  columns: readonly string[],
  catalog: Catalog,
  wanted: readonly string[] = [],
): Reading<Relation> {
  const relation = catalog.relations.get(displayName(name));
  if (relation === undefined) {
    return unknown(
      'missing',
      `table ${displayName(name)} does not exist`,
      'create it, or map the right table in the configuration',
    );
  }
  const gone = columns.filter((column) => !relation.columns.has(column));
  if (gone.length > 0) {
    return unknown(
      'drifted',
      `${displayName(name)} has no column ${gone.join(', ')}`,
      `it has ${[...relation.columns.keys()].join(', ')}: map the right one in the configuration`,
    );
  }
  const denied = columns.filter((column) => relation.columns.get(column)?.selectable !== true);
  if (denied.length > 0 || !relation.schemaUsable) {
    return unknown(
      'denied',
      `the role ${catalog.role} may not read ${denied.join(', ') || 'the schema'} of ${displayName(name)}`,
      grantSelect(
        name,
        [...new Set([...columns, ...wanted.filter((column) => relation.columns.has(column))])],
        catalog.role,
      ),
    );
  }
  return known(relation);
}

/** The statements that let `role` read just these columns. */
export function grantSelect(name: TableName, columns: readonly string[], role: string): string {
  const list = columns.map(quoteWhereNeeded).join(', ');
  return (
    `GRANT USAGE ON SCHEMA ${quoteWhereNeeded(name.schema)} TO ${quoteWhereNeeded(role)}; ` +
    `GRANT SELECT (${list}) ON ${quoteWhereNeeded(name.schema)}.${quoteWhereNeeded(name.table)} ` +
    `TO ${quoteWhereNeeded(role)};`
  );
}

/** What to say when row-level security shows this role no row at all. */
export function hiddenRows(name: TableName, role: string): Unknown {
  return unknown(
    'hidden',
    `row-level security of ${displayName(name)} shows the role ${role} no row`,
    `CREATE POLICY oauth_token_exporter_read ON ${quoteWhereNeeded(name.schema)}.` +
      `${quoteWhereNeeded(name.table)} FOR SELECT TO ${quoteWhereNeeded(role)} USING (true);`,
  );
}

/** People read and paste these statements, so plain names stay plain. */
function quoteWhereNeeded(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reservedWords.has(name) ? name : quote(name);
}

/**
 * SQL that yields a timestamptz from a column of any type that holds an instant; null when the
 * type holds none.
 *
 * A timestamp without time zone is UTC. An integer is epoch seconds, or milliseconds where it
 * would otherwise lie beyond the year 5138: reading milliseconds as seconds would call every
 * token valid for ever. The clamp keeps one absurd value from failing the whole statement; it is no
 * GREATEST, which would make an instant of NULL.
 */
export function instantSql(sql: string, { type }: Column): string | null {
  if (/^timestamp(\(\d\))? with time zone$/.test(type)) return sql;
  if (/^timestamp(\(\d\))? without time zone$/.test(type)) return `(${sql} AT TIME ZONE 'UTC')`;
  if (type === 'integer') return `to_timestamp(${sql})`;
  if (type === 'bigint') {
    return (
      `to_timestamp(CASE WHEN ${sql} > 9000000000000000 THEN 9000000000000 ` +
      `WHEN ${sql} > 100000000000 THEN ${sql} / 1000.0 ` +
      `WHEN ${sql} < -100000000000 THEN -100000000000 ELSE ${sql} END)`
    );
  }
  return null;
}

/** The same for a column that must hold one. */
export function readableInstant(
  table: TableName,
  name: string,
  { columns }: Relation,
): Reading<string> {
  const column = columns.get(name);
  const sql = column === undefined ? null : instantSql(quote(name), column);
  if (sql !== null) return known(sql);
  return unknown(
    'drifted',
    `column ${name} of ${displayName(table)} is ${column?.type ?? 'gone'}, not a point in time`,
    'map another column, or a view that converts it',
  );
}
