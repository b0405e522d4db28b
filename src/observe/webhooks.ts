import type { ArrivalTable, EventTable } from '../config/jobs-config.js';
import type { Query } from '../database/read-snapshot.js';
import { displayName } from './catalog.js';
import type { Catalog, Relation } from './catalog.js';
import { epochMs, instantParameter } from './instant-sql.js';
import {
  findReadable,
  hiddenRows,
  instantSql,
  readableInstant,
  quote,
  quoteLiteral,
  quoteTable,
} from './readable-table.js';
import { known } from './reading.js';
import type { Reading } from './reading.js';

/** When what webhooks bring came in, and how long after the event. */
export interface ObservedArrivals {
  readonly lastReceivedAtMs: number | null;
  /** Of the window: rows, and those of them that say when their event was. */
  readonly received: number;
  readonly measured: number;
  /** null: nothing was measured in the window. */
  readonly delayMs: { readonly median: number; readonly p90: number } | null;
  /** Arrivals of the window by the minute of the hour, 60 numbers. */
  readonly byMinute: readonly number[];
}

/** What became of the events of the window. */
export interface ObservedEvents {
  readonly succeeded: number;
  readonly failed: number;
  /** Not finished, or in a state that says neither. */
  readonly other: number;
}

interface ArrivalRow {
  last_ms: number | null;
  received: number;
  measured: number;
  delays: number[] | null;
  by_minute: number[] | null;
}

/**
 * Reads when rows arrived, and their delay since the event: the first of the event columns that is
 * not NULL. An event column that is gone is left out; one that is not permitted is not. A row that
 * arrived before its event, by another machine's clock, arrived at once.
 */
export async function readArrivals(
  query: Query,
  catalog: Catalog,
  table: ArrivalTable,
  now: Date,
  windowMs: number,
): Promise<Reading<ObservedArrivals>> {
  const conditions = [...Object.keys(table.where), ...Object.keys(table.except)];
  const there = catalog.relations.get(displayName(table))?.columns;
  const events = table.eventAt.filter((column) => there?.has(column) === true);
  const found = findReadable(table, [table.receivedAt, ...conditions, ...events], catalog);
  if (!found.known) return found;
  if (found.value.rowSecurity === 'restricted') return hiddenRows(table, catalog.role);
  const received = readableInstant(table, table.receivedAt, found.value);
  if (!received.known) return received;
  const instants = events.flatMap((column) => instantOf(found.value, column) ?? []);
  const notes = table.eventAt
    .filter((column) => instantOf(found.value, column) === null)
    .map(
      (column) =>
        `column ${column} is no point in time or not there, so delays may be missing or too long`,
    );
  const [row] = await query<ArrivalRow>(arrivalSql(table, received.value, instants), [
    instantParameter(now.getTime() - windowMs),
    instantParameter(now.getTime()),
  ]);
  const [median, p90] = row?.delays ?? [];
  return known(
    {
      lastReceivedAtMs: row?.last_ms ?? null,
      received: row?.received ?? 0,
      measured: row?.measured ?? 0,
      delayMs: median === undefined || p90 === undefined ? null : { median, p90 },
      byMinute: row?.by_minute ?? Array<number>(60).fill(0),
    },
    notes,
  );
}

/** Counts what became of the events of the window. */
export async function readEvents(
  query: Query,
  catalog: Catalog,
  table: EventTable,
  now: Date,
  windowMs: number,
): Promise<Reading<ObservedEvents>> {
  const needed = [table.at, table.status, ...Object.keys(table.where)];
  const found = findReadable(table, needed, catalog);
  if (!found.known) return found;
  if (found.value.rowSecurity === 'restricted') return hiddenRows(table, catalog.role);
  const at = readableInstant(table, table.at, found.value);
  if (!at.known) return at;
  const isOneOf = (values: readonly string[]) =>
    `coalesce(${quote(table.status)}::text, '') IN (${values.map(quoteLiteral).join(', ')})`;
  const [row] = await query<{ succeeded: number; failed: number; total: number }>(
    `SELECT count(*) FILTER (WHERE ${isOneOf(table.succeeded)})::float8 AS succeeded,
            count(*) FILTER (WHERE ${isOneOf(table.failed)})::float8 AS failed,
            count(*)::float8 AS total
     FROM ${quoteTable(table)}
     WHERE ${conditionSql(table.where, {})} AND ${at.value} > $1::timestamptz AND ${at.value} <= $2::timestamptz`,
    [instantParameter(now.getTime() - windowMs), instantParameter(now.getTime())],
  );
  const { succeeded = 0, failed = 0, total = 0 } = row ?? {};
  return known({ succeeded, failed, other: total - succeeded - failed });
}

function arrivalSql(table: ArrivalTable, received: string, events: readonly string[]): string {
  const event = events.length === 0 ? 'NULL::timestamptz' : `coalesce(${events.join(', ')})`;
  return `
WITH arrivals AS NOT MATERIALIZED (
  SELECT ${received} AS received_at, ${event} AS event_at
  FROM ${quoteTable(table)} WHERE ${conditionSql(table.where, table.except)}
), recent AS MATERIALIZED (
  SELECT extract(minute FROM received_at AT TIME ZONE 'UTC')::int AS minute,
         CASE WHEN isfinite(event_at)
              THEN greatest(extract(epoch FROM received_at - event_at)::float8 * 1000, 0) END AS delay_ms
  FROM arrivals WHERE received_at > $1::timestamptz AND received_at <= $2::timestamptz
)
SELECT (SELECT ${epochMs('max(received_at)')} FROM arrivals
        WHERE received_at <= $2::timestamptz AND isfinite(received_at)) AS last_ms,
       (SELECT count(*) FROM recent)::float8 AS received,
       (SELECT count(delay_ms) FROM recent)::float8 AS measured,
       (SELECT percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY delay_ms)
        FROM recent) AS delays,
       (SELECT array_agg(count ORDER BY minute)
        FROM (SELECT minute, count(recent.minute)::float8 AS count
              FROM generate_series(0, 59) AS minute LEFT JOIN recent USING (minute)
              GROUP BY minute) AS minutes) AS by_minute`;
}

/** A value that is NULL is none of the excepted ones. */
function conditionSql(where: ArrivalTable['where'], except: ArrivalTable['except']): string {
  const isOneOf = ([column, values]: [string, readonly string[]]) =>
    `(${quote(column)}::text IN (${values.map(quoteLiteral).join(', ')}))`;
  return [
    'true',
    ...Object.entries(where).map(isOneOf),
    ...Object.entries(except).map((each) => `${isOneOf(each)} IS NOT TRUE`),
  ].join(' AND ');
}

function instantOf(relation: Relation, name: string): string | null {
  const column = relation.columns.get(name);
  return column?.selectable === true ? instantSql(quote(name), column) : null;
}
