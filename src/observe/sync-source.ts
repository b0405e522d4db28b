import type { SubjectTable, SyncConfig, TableName } from '../config/config.js';
import { displayName } from './catalog.js';
import type { Catalog } from './catalog.js';
import {
  findReadable,
  hiddenRows,
  readableInstant,
  quote,
  quoteLiteral,
  quoteTable,
} from './readable-table.js';
import { known, unknown } from './reading.js';
import type { Reading } from './reading.js';
import type { TokenSource } from './token-source.js';

/** SQL to read the syncs of one provider's tokens with, and how each table involved stands. */
export interface SyncSource {
  /** Instants of a successful sync: SQL over the token's row, and subqueries by subject. */
  readonly evidence: Reading<SyncEvidenceSql>;
  /** Rows of syncs that are running; null when nothing is configured. */
  readonly running: Reading<SubjectSql> | null;
  readonly tables: readonly SubjectTableState[];
  /** What evidence of the token's own row is missing. */
  readonly notes: readonly string[];
}

export interface SyncEvidenceSql {
  readonly columns: readonly string[];
  readonly tables: readonly SubjectSql[];
}

/** A FROM item that yields (subject text, at timestamptz) of every matching row. */
export interface SubjectSql {
  readonly sql: string;
}

export interface SubjectTableState {
  /** Short name of the table: what follows the provider in a source's name. */
  readonly table: string;
  readonly optional: boolean;
  readonly reading: Reading<unknown>;
  /** Of a successful sync; else it shows those that are running. */
  readonly isEvidence: boolean;
}

/**
 * Works out which signs of a successful sync this database offers.
 *
 * An optional table that was never there is left out of the GREATEST. One that is there and can't
 * be read, that must be there, or was `seenBefore` makes the whole evidence unknown: without it a
 * sync would look older than it is.
 */
export function resolveSyncSource(
  config: SyncConfig,
  tokens: TokenSource,
  catalog: Catalog,
  seenBefore: (table: string) => boolean,
): SyncSource {
  const resolve = (table: SubjectTable) => ({
    config: table,
    reading: resolveSubjectTable(table, catalog, {}, columnsWanted(config, table)),
  });
  const evidenceTables = config.lastSuccess.flatMap((evidence) =>
    evidence.kind === 'table' ? [resolve(evidence)] : [],
  );
  const running = config.running === null ? null : resolve(config.running);

  const evidenceColumns = config.lastSuccess.flatMap((evidence) =>
    evidence.kind === 'column' ? [evidence.column] : [],
  );
  const columns = evidenceColumns.flatMap((column) => tokens.instant(column) ?? []);
  const notes = evidenceColumns
    .filter((column) => tokens.instant(column) === null)
    .map(({ column }) => `column ${column} can't be read, so syncs may look older than they are`);
  const mayBeAbsent = ({ table, optional }: SubjectTable) => optional && !seenBefore(table);
  const lost = evidenceTables.find(
    ({ config: table, reading }) =>
      !reading.known && !(reading.state === 'missing' && mayBeAbsent(table)),
  );
  const readable = evidenceTables.flatMap(({ reading }) => (reading.known ? [reading.value] : []));

  let evidence: SyncSource['evidence'];
  if (lost !== undefined && !lost.reading.known) evidence = lost.reading;
  else if (columns.length + readable.length === 0) {
    evidence = unknown(
      'missing',
      'nothing in this database records a successful sync',
      'map syncs.last_success to a column or table that does, or set syncs to null',
    );
  } else evidence = known({ columns, tables: readable });

  return {
    evidence,
    running: running?.reading ?? null,
    tables: [...evidenceTables, ...(running === null ? [] : [running])].map((each) => ({
      table: each.config.table,
      optional: each.config.optional,
      reading: each.reading,
      isEvidence: each !== running,
    })),
    notes,
  };
}

/** Works out how rows of a subject can be read; `more` are further columns of theirs, as SQL. */
export function resolveSubjectTable(
  config: SubjectTable,
  catalog: Catalog,
  more: Readonly<Record<string, string>> = {},
  wanted: readonly string[] = [],
): Reading<SubjectSql> {
  const needed = [...new Set([config.subject, config.at, ...Object.keys(config.where)])];
  const found = findReadable(config, needed, catalog, wanted);
  if (!found.known) return found;
  // Whether a log without rows is empty or hidden can't be told apart, so it is called hidden.
  if (found.value.rowSecurity === 'restricted') return hiddenRows(config, catalog.role);

  const at = readableInstant(config, config.at, found.value);
  if (!at.known) return at;
  const conditions = Object.entries(config.where).map(
    ([name, values]) => `${quote(name)}::text IN (${values.map(quoteLiteral).join(', ')})`,
  );
  const where = [`${quote(config.subject)} IS NOT NULL`, ...conditions].join(' AND ');
  const columns = Object.entries({
    subject: `${quote(config.subject)}::text`,
    at: at.value,
    ...more,
  })
    .map(([name, sql]) => `${sql} AS ${name}`)
    .join(', ');
  return known({ sql: `(SELECT ${columns} FROM ${quoteTable(config)} WHERE ${where})` });
}

/** Every column that failures and runs are read from, of the same table. */
function columnsWanted({ failures, runs }: SyncConfig, table: TableName): string[] {
  const isSame = (other: TableName) => displayName(other) === displayName(table);
  return [
    ...failures
      .filter(isSame)
      .flatMap(({ subject, at, where, message }) => [
        subject,
        at,
        ...Object.keys(where),
        ...message,
      ]),
    ...runs
      .filter(isSame)
      .flatMap(({ at, where, outcome, errors }) => [
        at,
        ...Object.keys(where),
        outcome,
        ...(errors === null ? [] : [errors]),
      ]),
  ];
}
