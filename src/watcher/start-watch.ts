import type { Query } from '../database/read-snapshot.js';
import { insertWatch, lockActiveWatch, lockActiveWatchOf, readBaseline } from '../store/watches.js';
import type { NewWatch, WatchRow } from '../store/watches.js';
import type { WatchStop } from '../watch/judge.js';
import { parseWatch } from '../watch/parse-watch.js';
import type { WatchEnd } from '../watch/parse-watch.js';
import { endWatch } from './end-watch.js';

/**
 * Starts a watch; the running exporter takes the baseline with its next poll. An active one of the
 * same providers ends: a new watch restarts the clock. Says which one that was. `id` is null when
 * somebody else has started one at the same moment.
 */
export async function startWatch(
  query: Query,
  wanted: NewWatch,
): Promise<{ readonly id: number | null; readonly replaced: number | null }> {
  const { startedAtMs, startedBy } = wanted;
  const active = await lockActiveWatchOf(query, wanted.providers);
  if (active !== null) {
    const reason = 'a new watch of the same providers was started';
    await end(query, active, { atMs: startedAtMs, by: startedBy, reason });
  }
  return { id: await insertWatch(query, wanted), replaced: active?.id ?? null };
}

/** Ends an active watch because a person wants it; null: it is not active. */
export async function stopWatch(
  query: Query,
  id: number,
  stop: WatchStop,
): Promise<WatchEnd | null> {
  const row = await lockActiveWatch(query, id);
  return row === null ? null : end(query, row, stop);
}

/** One whose time was over already keeps the verdict it had then. */
async function end(query: Query, row: WatchRow, stop: WatchStop): Promise<WatchEnd> {
  const { state } = parseWatch(row, await readBaseline(query, row.id));
  const isOver = stop.atMs >= row.deadlineAtMs;
  return endWatch(query, isOver ? state : { ...state, stop }, stop.atMs);
}
