import { readSlices } from '../../database/read-slices.js';
import type { Query } from '../../database/read-snapshot.js';
import { epochMs, instantParameter } from '../instant-sql.js';
import { byIndex } from './by-index.js';
import type { CarrySource } from './carry-source.js';
import { changedSince, withMark } from './change-horizon.js';
import type { PollMark } from './change-horizon.js';
import type { CarriedExpiry, CarriedTable } from './expiry-table.js';
import type { ExpiryColumns } from './read-range-sums.js';

/** How many rows a poll looks at again, whether or not they changed. */
export interface SliceRows {
  /** More come round sooner, and cost each poll more. */
  readonly checked: number;
  /** While all of them are read for the first time, if there is time for so many. */
  readonly first: number;
}

export const defaultSliceRows: SliceRows = { checked: 30_000, first: 1_000_000 };

/** For how long a poll reads rows for the first time: as many as the database yields by then. */
export interface FirstReadTime {
  readonly firstReadMs: number;
  readonly monotonicMs: () => number;
}

/** Where a table's rows come from. */
export interface CarriedSelect {
  /** Without a WHERE. */
  readonly select: string;
  readonly carry: CarrySource;
  /** null: no index tells expiries and active flags. */
  readonly byExpiry: ExpiryColumns | null;
}

/** Another way to check a slice of a table that is carried; false: not as it is now. */
export type Check<Table> = (query: Query, source: CarriedSelect, table: Table) => Promise<boolean>;

/**
 * Carries a table of the database from poll to poll.
 *
 * Each call reads what was written since the last and the next slice of all rows, in the order of
 * their ids. When a round ends, what it did not meet is gone from the database: so deletes are
 * seen, and writes that did not move `updated_at`. Once all were read, `checkOtherwise` may take the
 * place of such rounds. Answers null until every row was read once.
 * Must run inside a REPEATABLE READ transaction; what fails on the way is read again.
 */
export function createCarrier<Row extends CarriedExpiry, Table extends CarriedTable<Row>>(
  createTable: () => Table,
  time: FirstReadTime,
  sliceRows: SliceRows,
  checkOtherwise: Check<Table>,
): (query: Query, source: CarriedSelect, now: Date) => Promise<Table | null> {
  let state = startWith('', createTable());
  let isBusy = false;

  async function carryOn(query: Query, source: CarriedSelect, now: Date) {
    const { select, carry } = source;
    if (state.select !== select) state = startWith(select, createTable());
    const since = changedSince(state.marks);
    if (since !== null) {
      const changed = `${select} WHERE ${carry.updatedAt} >= $1::timestamptz AND ${carry.id} IS NOT NULL`;
      await readSlices<Row>(query, changed, [instantParameter(since)], state.table.put);
    }
    const mark = await readMark(query, now);
    const hasJumped = mark.atMs < (state.marks.at(-1)?.atMs ?? -Infinity);
    state.marks = hasJumped ? [mark] : withMark(state.marks, mark);
    // From here on nothing may be carried that the next call could not bring up to date.
    if (changedSince(state.marks) === null || hasJumped) {
      state = { ...startWith(select, createTable()), marks: state.marks };
      if (changedSince(state.marks) === null) return null;
    }
    const isWithinRound = !state.isComplete || state.checkedTo !== null;
    if (isWithinRound || !(await checkOtherwise(query, source, state.table))) {
      await byIndex(query, () => checkSlice<Row>(query, state, carry, time, sliceRows));
    }
    return state.isComplete ? state.table : null;
  }

  return async (query, source, now) => {
    // One that was given up on may still run for a moment.
    if (isBusy) return null;
    isBusy = true;
    try {
      return await carryOn(query, source, now);
    } finally {
      isBusy = false;
    }
  };
}

interface Carried<Table> {
  readonly select: string;
  readonly table: Table;
  marks: readonly PollMark[];
  /** Up to which id this round has come; null: it begins. */
  checkedTo: string | null;
  /** A round has ended. */
  isComplete: boolean;
}

function startWith<Table>(select: string, table: Table): Carried<Table> {
  return { select, table, marks: [], checkedTo: null, isComplete: false };
}

async function checkSlice<Row extends CarriedExpiry>(
  query: Query,
  state: Carried<CarriedTable<Row>>,
  { id, idType }: CarrySource,
  { firstReadMs, monotonicMs }: FirstReadTime,
  sliceRows: SliceRows,
): Promise<void> {
  const limit = state.isComplete ? sliceRows.checked : sliceRows.first;
  const endsAtMs = state.isComplete ? Infinity : monotonicMs() + firstReadMs;
  const after = state.checkedTo === null ? '' : `WHERE ${id} > $1::${idType}`;
  const { count, last, all } = await readSlices<Row>(
    query,
    `${state.select} ${after} ORDER BY ${id} LIMIT ${String(limit)}`,
    state.checkedTo === null ? [] : [state.checkedTo],
    state.table.put,
    () => monotonicMs() >= endsAtMs,
  );
  state.checkedTo = last?.id ?? null;
  if (count === limit || !all) return;
  await state.table.endRound();
  state.checkedTo = null;
  state.isComplete = true;
}

/** `age` counts up to the id that comes next, where the transaction has none itself. */
async function readMark(query: Query, now: Date): Promise<PollMark> {
  const [row] = await query<{ endedBelow: number; unusedFrom: number }>(
    `SELECT xmin::text::float8 AS "endedBelow",
            xmin::text::float8 + age(xmin::xid) AS "unusedFrom"
     FROM pg_snapshot_xmin(pg_current_snapshot()) AS xmin`,
  );
  if (row === undefined) throw new TypeError('the database did not tell its snapshot');
  return { atMs: now.getTime(), ...row };
}

/** The select list that yields a `CarriedExpiry`. */
export function expiryColumns(source: { id: string; active: string; expiresAt: string }): string {
  return `${source.id} AS id, ${source.active} AS active, ${epochMs(source.expiresAt)} AS "expiresAtMs"`;
}
