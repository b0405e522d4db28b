import type { ColumnRef, TableName, TokenColumns, TokenTable } from '../config/config.js';
import { coversRows, displayName } from './catalog.js';
import type { Catalog, Column, Relation } from './catalog.js';
import { findReadable, hiddenRows, instantSql, quote, quoteTable } from './readable-table.js';
import { known, unknown } from './reading.js';
import type { Reading, Unknown } from './reading.js';

/** SQL to read one provider's tokens with: a FROM clause and an expression per fact. */
export interface TokenSource {
  readonly table: TokenTable;
  readonly from: string;
  readonly id: string;
  readonly subject: string;
  readonly account: string;
  /** timestamptz; NULL where no expiry is recorded. */
  readonly expiresAt: string;
  /** boolean, never NULL. */
  readonly active: string;
  readonly status: string;
  /** boolean; NULL where this role may not see whether there is one. */
  readonly hasRefreshToken: string;
  /** timestamptz or NULL. */
  readonly createdAt: string;
  /** timestamptz expressions of further columns, by name; null: not there or not an instant. */
  readonly instant: (column: ColumnRef) => string | null;
  /** Row-level security may hide rows of it from us. */
  readonly mayHideRows: boolean;
  /** An index alone can tell expiry and active flag of nearly every row, ordered by expiry. */
  readonly countsByIndex: boolean;
  /** There is such an index, however many rows it must ask the table for. */
  readonly orderedByExpiry: boolean;
}

/** The facts that stand for something worse than "not shown" when they can't be read. */
const essential = [
  'id',
  'subject',
  'expiresAt',
  'active',
] as const satisfies (keyof TokenColumns)[];

/** The facts that a token can be read without, and what follows when they can't be read. */
const withoutIt = {
  account: 'it is not shown',
  status: 'it is not shown',
  createdAt: 'a token never synced is never overdue',
} as const satisfies Partial<Record<keyof TokenColumns, string>>;

/** The note on tokens of which this role may see only a part. */
export const mayHideRowsNote =
  'row-level security may hide rows from this role: counts are of what it may see';

/**
 * Works out how a provider's tokens can be read in this database.
 *
 * Neither `refreshToken` nor any other secret column is part of it. A column that only informs
 * (account, status) may be gone or not permitted: its value is then NULL and a note says so.
 */
export function resolveTokenSource(table: TokenTable, catalog: Catalog): Reading<TokenSource> {
  const relations = new Map<string | null, Relation>();
  for (const join of [null, ...Object.keys(table.joins)]) {
    const found = findReadable(tableOf(table, join), essentialColumns(table, join), catalog);
    if (!found.known) return found;
    relations.set(join, found.value);
  }
  const ambiguous = findAmbiguousJoin(table, relations);
  if (ambiguous !== null) return ambiguous;
  const hidden = findHiddenJoin(table, relations, catalog.role);
  if (hidden !== null) return hidden;

  const columnOf = (ref: ColumnRef | null): Column | null =>
    ref === null ? null : (relations.get(ref.join)?.columns.get(ref.column) ?? null);
  const instant = (ref: ColumnRef | null): string | null => {
    const column = columnOf(ref);
    return ref !== null && column?.selectable === true ? instantSql(sqlOf(ref), column) : null;
  };
  const { columns } = table;

  const expiresAt = columns.expiresAt === null ? 'NULL::timestamptz' : instant(columns.expiresAt);
  if (expiresAt === null) {
    return wrongType(table, columns.expiresAt, columnOf(columns.expiresAt), 'a point in time');
  }
  const activeColumn = columnOf(columns.active);
  if (activeColumn !== null && activeColumn.type !== 'boolean') {
    return wrongType(table, columns.active, activeColumn, 'boolean');
  }

  const text = (ref: ColumnRef | null): string =>
    ref !== null && columnOf(ref)?.selectable === true ? `${sqlOf(ref)}::text` : 'NULL::text';
  const notes = Object.entries(withoutIt).flatMap(([fact, consequence]) => {
    const ref = columns[fact as keyof typeof withoutIt];
    return ref === null || columnOf(ref)?.selectable === true
      ? []
      : [`column ${ref.column} can't be read, so ${consequence}`];
  });
  const mayHideRows = [...relations.values()].some(
    ({ rowSecurity }) => rowSecurity === 'restricted',
  );
  if (mayHideRows) {
    notes.push(mayHideRowsNote);
  }

  const orderedByExpiry = hasExpiryIndex(columns, relations.get(null));

  return known(
    {
      table,
      from: fromClause(table),
      id: text(columns.id),
      subject: text(columns.subject),
      account: text(columns.account),
      expiresAt,
      active:
        columns.active === null
          ? 'true'
          : `coalesce(${sqlOf(columns.active)}, ${String(activeColumn?.defaultSql !== 'false')})`,
      status: text(columns.status),
      hasRefreshToken: presenceSql(columns, columnOf),
      createdAt: instant(columns.createdAt) ?? 'NULL::timestamptz',
      instant,
      mayHideRows,
      // After many updates without a vacuum one scan of the table is cheaper.
      countsByIndex: orderedByExpiry && relations.get(null)?.mostlyVisible === true,
      orderedByExpiry,
    },
    notes,
  );
}

/** Not where the type of the expiry must be converted. */
function hasExpiryIndex(
  { expiresAt, active }: TokenColumns,
  relation: Relation | undefined,
): boolean {
  if (relation === undefined || expiresAt?.join !== null) return false;
  if (active !== null && active.join !== null) return false;
  const type = relation.columns.get(expiresAt.column)?.type ?? '';
  if (!/^timestamp(\(\d\))? with time zone$/.test(type)) return false;
  return coversRows(relation, expiresAt.column, active === null ? [] : [active.column]);
}

/** Whether there is a refresh token; of the secret itself only its presence is ever asked for. */
function presenceSql(
  { refreshToken, hasRefreshToken }: TokenColumns,
  columnOf: (ref: ColumnRef | null) => Column | null,
): string {
  if (hasRefreshToken !== null && columnOf(hasRefreshToken)?.selectable === true) {
    return sqlOf(hasRefreshToken);
  }
  if (refreshToken !== null && columnOf(refreshToken)?.selectable === true) {
    return `(nullif(${sqlOf(refreshToken)}, '') IS NOT NULL)`;
  }
  return 'NULL::boolean';
}

/** Every table a provider's tokens are read from: its own and the joined ones. */
export function tablesOf(table: TokenTable): TableName[] {
  return [table, ...Object.values(table.joins)];
}

function tableOf(table: TokenTable, join: string | null): TableName {
  const joined = join === null ? table : table.joins[join];
  if (joined === undefined) throw new TypeError(`the mapping has no join "${String(join)}"`);
  return joined;
}

/** What must be readable of one table: its essential facts and the columns that joins compare. */
export function essentialColumns(table: TokenTable, join: string | null): string[] {
  const joins = join === null ? Object.values(table.joins) : [];
  const compared =
    join === null
      ? joins.flatMap(({ on }) => Object.values(on))
      : Object.keys(table.joins[join]?.on ?? {});
  const facts = essential.flatMap((fact) => {
    const ref = table.columns[fact];
    return ref !== null && ref.join === join ? [ref.column] : [];
  });
  return [...new Set([...facts, ...compared])];
}

/** A join that could match several rows would count tokens twice. A view can't be checked. */
function findAmbiguousJoin(
  table: TokenTable,
  relations: ReadonlyMap<string | null, Relation>,
): Unknown | null {
  for (const [name, joined] of Object.entries(table.joins)) {
    const relation = relations.get(name);
    const on = Object.keys(joined.on);
    const isUnique = relation?.uniqueKeys.some((key) => key.every((column) => on.includes(column)));
    if (relation?.isView === false && isUnique !== true) {
      return unknown(
        'drifted',
        `the join "${name}" may match several rows: ${displayName(joined)} has no unique index on ${on.join(', ')}`,
        'join on a unique key, or map a view that has one row per token',
      );
    }
  }
  return null;
}

/** A joined row that is hidden looks like one that is not there: its facts would be made up. */
function findHiddenJoin(
  table: TokenTable,
  relations: ReadonlyMap<string | null, Relation>,
  role: string,
): Unknown | null {
  const hidden = Object.entries(table.joins).find(
    ([name]) =>
      relations.get(name)?.rowSecurity === 'restricted' &&
      essential.some((fact) => table.columns[fact]?.join === name),
  );
  return hidden === undefined ? null : hiddenRows(hidden[1], role);
}

function wrongType(
  table: TokenTable,
  ref: ColumnRef | null,
  column: Column | null,
  wanted: string,
): Unknown {
  return unknown(
    'drifted',
    `column ${ref?.column ?? ''} of ${displayName(table)} is ${column?.type ?? 'gone'}, not ${wanted}`,
    'map another column, or a view that converts it',
  );
}

function fromClause(table: TokenTable): string {
  const joins = Object.entries(table.joins).map(([name, joined]) => {
    const conditions = Object.entries(joined.on).map(
      ([theirs, ours]) => `${sqlOf({ join: name, column: theirs })} = t.${quote(ours)}`,
    );
    return ` LEFT JOIN ${quoteTable(joined)} AS ${alias(name)} ON ${conditions.join(' AND ')}`;
  });
  return `${quoteTable(table)} AS t${joins.join('')}`;
}

function sqlOf({ join, column }: ColumnRef): string {
  return `${join === null ? 't' : alias(join)}.${quote(column)}`;
}

function alias(join: string): string {
  return quote(`j_${join}`);
}
