import type { TableName } from '../config/config.js';
import type { Query } from '../database/read-snapshot.js';

/** What the database's catalog says of the tables we want to read, to the role we are. */
export interface Catalog {
  readonly role: string;
  /** By `displayName`; a table that is not there has no entry. */
  readonly relations: ReadonlyMap<string, Relation>;
}

export interface Relation extends TableName {
  readonly isView: boolean;
  /** false: this role has no USAGE on the schema. */
  readonly schemaUsable: boolean;
  readonly rowSecurity: RowSecurity;
  readonly columns: ReadonlyMap<string, Column>;
  /** Column lists of its unique indexes. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** Its valid indexes over plain columns. */
  readonly indexes: readonly TableIndex[];
  /** When it was vacuumed last, an index alone could answer for nearly every row. */
  readonly mostlyVisible: boolean;
  /** A trigger has a hand in every row that is updated. */
  readonly triggersOnUpdate: boolean;
  /** By the last vacuum or analyze; -1 before the first. */
  readonly estimatedRows: number;
}

export interface TableIndex {
  /** What it is ordered by. */
  readonly columns: readonly string[];
  /** What it holds beside, by INCLUDE. */
  readonly included: readonly string[];
  /** Only of the rows that a WHERE names. */
  readonly partial: boolean;
}

/** Whether an index is ordered by `first`, and holds it and all of `also` for every row. */
export function coversRows(
  { indexes }: Relation,
  first: string,
  also: readonly string[] = [],
): boolean {
  return indexes.some(
    ({ columns, included, partial }) =>
      !partial &&
      columns[0] === first &&
      also.every((column) => columns.includes(column) || included.includes(column)),
  );
}

/** `off`: does not apply to this role. `open`: a policy shows every row. `restricted`: rows may be hidden. */
export type RowSecurity = 'off' | 'open' | 'restricted';

export interface Column {
  /** As `format_type` prints it: `timestamp with time zone`. */
  readonly type: string;
  /** SQL of its default, null without one. */
  readonly defaultSql: string | null;
  readonly selectable: boolean;
  readonly notNull: boolean;
}

/** One way to write a table's name as a map key and for people. */
export function displayName({ schema, table }: TableName): string {
  return `${schema}.${table}`;
}

interface CatalogRow {
  schema: string;
  table: string;
  is_view: boolean;
  schema_usable: boolean;
  row_security: RowSecurity;
  columns: {
    name: string;
    type: string;
    default_sql: string | null;
    selectable: boolean;
    not_null: boolean;
  }[];
  indexes: (TableIndex & { unique: boolean })[];
  mostly_visible: boolean;
  estimated_rows: number;
  triggers_on_update: boolean;
}

/**
 * Looks up tables, columns, privileges and row-level security in one statement.
 *
 * Reading the catalog needs no privilege, so this tells "gone" from "not permitted" before a
 * SELECT fails. It waits for no lock either, or one table that is being altered would stop the
 * whole poll: `pg_get_expr` locks the table it is given, so it is given none.
 */
export async function readCatalog(
  query: Query,
  role: string,
  tables: readonly TableName[],
): Promise<Catalog> {
  const rows = await query<CatalogRow>(catalogSql, [
    tables.map(({ schema }) => schema),
    tables.map(({ table }) => table),
  ]);
  const relations = new Map(
    rows.map((row): [string, Relation] => [
      displayName(row),
      {
        schema: row.schema,
        table: row.table,
        isView: row.is_view,
        schemaUsable: row.schema_usable,
        rowSecurity: row.row_security,
        columns: new Map(
          row.columns.map(({ name, type, default_sql, selectable, not_null }) => [
            name,
            { type, defaultSql: default_sql, selectable, notNull: not_null },
          ]),
        ),
        uniqueKeys: row.indexes.filter(({ unique }) => unique).map(({ columns }) => columns),
        indexes: row.indexes,
        mostlyVisible: row.mostly_visible,
        estimatedRows: row.estimated_rows,
        triggersOnUpdate: row.triggers_on_update,
      },
    ]),
  );
  return { role, relations };
}

/**
 * Row-level security of `c` for this role. A view that reads as its caller is as open as the
 * tables beneath it. Only policies that apply to our role's SELECT count.
 */
const rowSecuritySql = `
SELECT CASE
         WHEN bool_or(policies.opened IS NOT TRUE OR policies.narrowed) THEN 'restricted'
         WHEN count(*) > 0 THEN 'open'
         ELSE 'off'
       END AS row_security
FROM (SELECT c.oid
      UNION
      SELECT d.refobjid
      FROM unnest(c.reloptions) AS view_option
      JOIN pg_rewrite w ON w.ev_class = c.oid
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                      AND d.refclassid = 'pg_class'::regclass
      WHERE view_option IN ('security_invoker=true', 'security_invoker=on')) AS beneath
CROSS JOIN LATERAL (
  SELECT bool_or(p.polpermissive AND CASE WHEN p.polqual::text LIKE '{CONST %'
                                          THEN pg_get_expr(p.polqual, 0) = 'true' END) AS opened,
         bool_or(NOT p.polpermissive) AS narrowed
  FROM pg_policy p
  WHERE p.polrelid = beneath.oid AND p.polcmd IN ('r', '*')
    AND (p.polroles = '{0}' OR EXISTS (
          SELECT FROM unnest(p.polroles) r(oid) WHERE pg_has_role(r.oid, 'USAGE')))) AS policies
WHERE row_security_active(beneath.oid)`;

const catalogSql = `
SELECT n.nspname AS schema,
       c.relname AS table,
       c.relkind IN ('v', 'm') AS is_view,
       has_schema_privilege(n.oid, 'USAGE') AS schema_usable,
       (${rowSecuritySql}) AS row_security,
       coalesce((SELECT json_agg(json_build_object(
                   'name', a.attname,
                   'type', format_type(a.atttypid, a.atttypmod),
                   'default_sql', pg_get_expr(d.adbin, 0),
                   'selectable', has_column_privilege(c.oid, a.attnum, 'SELECT'),
                   'not_null', a.attnotnull))
                 FROM pg_attribute a
                 LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                                        AND a.attgenerated = ''
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS columns,
       coalesce((SELECT json_agg(json_build_object(
                   'unique', i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL,
                   'partial', i.indpred IS NOT NULL,
                   'columns', (SELECT json_agg(a.attname ORDER BY k.position)
                               FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, position)
                               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
                               WHERE k.position <= i.indnkeyatts),
                   'included', coalesce((SELECT json_agg(a.attname ORDER BY k.position)
                               FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, position)
                               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
                               WHERE k.position > i.indnkeyatts), '[]')))
                 FROM pg_index i
                 WHERE i.indrelid = c.oid AND i.indisvalid AND i.indexprs IS NULL), '[]') AS indexes,
       c.relpages > 0 AND c.relallvisible >= 0.9 * c.relpages AS mostly_visible,
       c.reltuples::float8 AS estimated_rows,
       EXISTS (SELECT FROM pg_trigger g
               WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled <> 'D'
                 AND g.tgtype & 19 = 19) AS triggers_on_update -- row, before, update
FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[])) AS wanted(schema, name)
JOIN pg_namespace n ON n.nspname = wanted.schema
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')`;
