import type { Query } from '../database/read-snapshot.js';
import { insertWatch, lockActiveWatch, lockActiveWatchOf, readBaseline } from '../store/watches.js';
import type { NewWatch, WatchRow } from '../store/watches.js';
import { endNotice } from '../watch/checkpoints.js';
import type { WatchNotice } from '../watch/checkpoints.js';
import type { WatchStop } from '../watch/judge.js';
import { parseWatch } from '../watch/parse-watch.js';
import type { WatchEnd } from '../watch/parse-watch.js';
import { endWatch } from './end-watch.js';

/** A watch that was ended by hand, and what people are to be told of it. */
export interface HandEnded {
  readonly id: number;
  readonly end: WatchEnd;
  readonly notice: WatchNotice;
}

/** Told inside the transaction that ends a watch, as `WatcherParts.enqueue` is. */
export type EnqueueWatchNotice = (query: Query, notice: WatchNotice) => Promise<void>;

/**
 * Starts a watch; the running exporter takes the baseline with its next poll. An active one of the
 * same providers ends: a new watch restarts the clock. Says which one that was. `id` is null when
 * somebody else has started one at the same moment.
 */
export async function startWatch(
  query: Query,
  wanted: NewWatch,
  enqueue: EnqueueWatchNotice,
): Promise<{ readonly id: number | null; readonly replaced: HandEnded | null }> {
  const { startedAtMs, startedBy } = wanted;
  const active = await lockActiveWatchOf(query, wanted.providers);
  const reason = 'a new watch of the same providers was started';
  const stop = { atMs: startedAtMs, by: startedBy, reason };
  const replaced = active === null ? null : await end(query, active, stop, enqueue);
  return { id: await insertWatch(query, wanted), replaced };
}

/** Ends an active watch because a person wants it; null: it is not active. */
export async function stopWatch(
  query: Query,
  id: number,
  stop: WatchStop,
  enqueue: EnqueueWatchNotice,
): Promise<HandEnded | null> {
  const row = await lockActiveWatch(query, id);
  return row === null ? null : end(query, row, stop, enqueue);
}

/** One whose time was over already keeps the verdict it had then. */
async function end(
  query: Query,
  row: WatchRow,
  stop: WatchStop,
  enqueue: EnqueueWatchNotice,
): Promise<HandEnded> {
  const { state } = parseWatch(row, await readBaseline(query, row.id));
  const isOver = stop.atMs >= row.deadlineAtMs;
  const ended = isOver ? state : { ...state, stop };
  const sealed = await endWatch(query, ended, stop.atMs);
  const notice = endNotice(ended, sealed.atMs);
  await enqueue(query, notice);
  return { id: row.id, end: sealed, notice };
}
