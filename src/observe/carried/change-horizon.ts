/** How far transactions were at a poll, by their ids. One gets its id with its first write. */
export interface PollMark {
  readonly atMs: number;
  /** All below had ended: what they wrote could be seen. */
  readonly endedBelow: number;
  /** Those from here on had not written yet. No snapshot's xmax: that ignores the newest ones. */
  readonly unusedFrom: number;
}

/** How long a transaction may go on reading before its first write without that being overlooked. */
export const overlapMs = 60_000;

/** A new mark joined to the old ones; what can no longer matter is dropped. */
export function withMark(marks: readonly PollMark[], mark: PollMark): readonly PollMark[] {
  const all = [...marks, mark];
  const safe = all.findLastIndex(({ unusedFrom }) => unusedFrom <= mark.endedBelow);
  return safe === -1 ? all : all.slice(safe);
}

/**
 * From which `updated_at` on the poll after the last mark must read to miss no write; null: nobody
 * can say, as a transaction that began before the first mark may still write.
 *
 * What the last poll could not see has an id that had not ended by then, so it first wrote after
 * any mark that knew no such id. Applications stamp rows with the begin of the transaction, however
 * late it commits: nothing but such a mark bounds that.
 */
export function changedSince(marks: readonly PollMark[]): number | null {
  const last = marks.at(-1);
  if (last === undefined) return null;
  const safe = marks.findLast(({ unusedFrom }) => unusedFrom <= last.endedBelow);
  return safe === undefined ? null : safe.atMs - overlapMs;
}
