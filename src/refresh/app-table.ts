import type { ColumnRef, ProviderConfig } from '../config/config.js';
import { displayName } from '../observe/catalog.js';
import type { Catalog, Column } from '../observe/catalog.js';
import { instantSql, quote, quoteTable } from '../observe/readable-table.js';
import { known, unknown } from '../observe/reading.js';
import type { Reading, Unknown } from '../observe/reading.js';

/**
 * Where a provider's tokens are written: SQL names for the statements of app-rows.ts. The token
 * columns may stand in a joined table, `s`, whose rows hang on those of the table proper, `t`.
 */
export interface AppTable {
  /** `public.fathom_integrations AS t` and what is joined to it. */
  readonly from: string;
  /** Table that holds the tokens, quoted, and its alias. */
  readonly secretsTable: string;
  readonly secretsAlias: 't' | 's';
  /** Condition between `t` and `s`; null when they are the same. */
  readonly link: string | null;
  readonly tokenTable: string;
  readonly id: string;
  readonly idType: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** null: the table records no expiry. */
  readonly expiresAt: ExpiryColumn | null;
  readonly active: string;
}

export interface ExpiryColumn {
  readonly alias: 't' | 's';
  /** Quoted name, without alias. */
  readonly name: string;
  /** timestamptz expression that reads it. */
  readonly instant: string;
  /** SQL that turns a timestamptz expression into the column's own type. */
  readonly fromInstant: (sql: string) => string;
}

/**
 * Works out how a provider's tokens are written.
 *
 * Unknown says what is missing. That this role may write is only proven by locking a row.
 */
export function resolveAppTable({ tokens }: ProviderConfig, catalog: Catalog): Reading<AppTable> {
  const { columns } = tokens;
  const { accessToken, refreshToken } = columns;
  if (accessToken === null || refreshToken === null) {
    return incomplete(
      `the mapping of ${displayName(tokens)} names no ${accessToken === null ? 'access_token' : 'refresh_token'} column`,
    );
  }
  if (accessToken.join !== refreshToken.join) {
    return incomplete(
      `access_token and refresh_token of ${displayName(tokens)} stand in different tables`,
    );
  }
  if (columns.id.join !== null) {
    return incomplete(`the id of ${displayName(tokens)} stands in a joined table`);
  }
  const join = refreshToken.join === null ? null : tokens.joins[refreshToken.join];
  const secrets = join ?? tokens;
  const alias = (ref: ColumnRef): 't' | 's' | null => {
    if (ref.join === null) return 't';
    return ref.join === refreshToken.join ? 's' : null;
  };
  const columnOf = (ref: ColumnRef): Column | null => {
    const table = ref.join === null ? tokens : tokens.joins[ref.join];
    if (table === undefined) return null;
    return catalog.relations.get(displayName(table))?.columns.get(ref.column) ?? null;
  };

  const idColumn = columnOf(columns.id);
  if (idColumn === null || columnOf(accessToken) === null || columnOf(refreshToken) === null) {
    return unknown(
      'drifted',
      `${displayName(secrets)} lacks a column that a refresh needs`,
      'run doctor, and compare the table with the mapping',
    );
  }
  const expiresAt = resolveExpiry(columns.expiresAt, alias, columnOf);
  if (expiresAt === undefined) {
    return incomplete(`the expiry of ${displayName(tokens)} can't be written`);
  }
  const activeAlias = columns.active === null ? null : alias(columns.active);
  const activeDefault = columns.active && columnOf(columns.active)?.defaultSql !== 'false';
  const link =
    join === undefined || join === null
      ? null
      : Object.entries(join.on)
          .map(([theirs, ours]) => `s.${quote(theirs)} = t.${quote(ours)}`)
          .join(' AND ');
  const secretsAlias = link === null ? 't' : 's';
  return known({
    from:
      link === null
        ? `${quoteTable(tokens)} AS t`
        : `${quoteTable(tokens)} AS t JOIN ${quoteTable(secrets)} AS s ON ${link}`,
    secretsTable: quoteTable(secrets),
    secretsAlias,
    link,
    tokenTable: quoteTable(tokens),
    id: quote(columns.id.column),
    idType: idColumn.type,
    accessToken: quote(accessToken.column),
    refreshToken: quote(refreshToken.column),
    expiresAt,
    // A flag in a third table is left to the poll, which decides what is due.
    active:
      columns.active === null || activeAlias === null
        ? 'true'
        : `coalesce(${activeAlias}.${quote(columns.active.column)}, ${String(activeDefault)})`,
  });
}

/** undefined: there is an expiry column, but no refresh can write it. */
function resolveExpiry(
  ref: ColumnRef | null,
  aliasOf: (ref: ColumnRef) => 't' | 's' | null,
  columnOf: (ref: ColumnRef) => Column | null,
): ExpiryColumn | null | undefined {
  if (ref === null) return null;
  const alias = aliasOf(ref);
  const column = columnOf(ref);
  if (alias === null || column === null) return undefined;
  const name = quote(ref.column);
  const instant = instantSql(`${alias}.${name}`, column);
  if (instant === null) return undefined;
  return { alias, name, instant, fromInstant: writeInstant(`${alias}.${name}`, column) };
}

/** The inverse of `instantSql`: a bigint that holds milliseconds goes on holding milliseconds. */
function writeInstant(current: string, { type }: Column): (sql: string) => string {
  if (type === 'integer') return (sql) => `extract(epoch FROM ${sql})::integer`;
  if (type === 'bigint') {
    return (sql) =>
      `(extract(epoch FROM ${sql}) * CASE WHEN ${current} > 100000000000 THEN 1000 ELSE 1 END)::bigint`;
  }
  if (type.endsWith('without time zone')) return (sql) => `(${sql} AT TIME ZONE 'UTC')`;
  return (sql) => sql;
}

function incomplete(reason: string): Unknown {
  return unknown(
    'drifted',
    reason,
    'map both token columns, in one table, or refresh through the application (app_endpoint)',
  );
}
