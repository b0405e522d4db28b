import type { SilentJournal } from './memories.js';

const minuteMs = 60_000;
/** People learn of a journal that was unseen for so long. */
const silentAfterMs = 5 * minuteMs;
/** One step between two polls counts as this at most: nobody looked in between. */
const longestStepMs = 5 * minuteMs;

/** A journal with claims, as a poll read it. */
export interface JournalReading {
  readonly journalId: string;
  readonly host: string | null;
  /** Its owner's last heartbeat; null: none is recorded. */
  readonly seenAtMs: number | null;
  readonly claims: number;
}

/** What one observer knows of heartbeats. It lives in the process: nobody else's word counts. */
export interface JournalWatch {
  /** null: before the first poll. */
  readonly observedAtMs: number | null;
  readonly journals: ReadonlyMap<string, WatchedJournal>;
}

export interface WatchedJournal extends JournalReading {
  /** How long its heartbeat has stood still, during polls of ours that succeeded. */
  readonly unseenMs: number;
}

/** Before the first poll. */
export const nothingWatched: JournalWatch = { observedAtMs: null, journals: new Map() };

/**
 * Takes what a poll read of the journals into account.
 *
 * A heartbeat that stands still proves nothing while the database was away: then nobody's moved.
 * So after a gap longer than `longestGapMs` between our polls every count starts again.
 */
export function watchJournals(
  watch: JournalWatch,
  readings: readonly JournalReading[],
  observedAtMs: number,
  longestGapMs: number,
): JournalWatch {
  const stepMs = watch.observedAtMs === null ? 0 : observedAtMs - watch.observedAtMs;
  const isUnbroken = watch.observedAtMs !== null && stepMs >= 0 && stepMs <= longestGapMs;
  const journals = readings.map((reading): [string, WatchedJournal] => {
    const before = watch.journals.get(reading.journalId);
    const stoodStill = isUnbroken && before?.seenAtMs === reading.seenAtMs;
    const unseenMs = stoodStill ? before.unseenMs + Math.min(stepMs, longestStepMs) : 0;
    return [reading.journalId, { ...reading, unseenMs }];
  });
  return { observedAtMs, journals: new Map(journals) };
}

/** The journals of which nothing was heard for 5 min while they hold claims. */
export function silentJournals({ journals }: JournalWatch): SilentJournal[] {
  return [...journals.values()]
    .filter(({ claims, unseenMs }) => claims > 0 && unseenMs >= silentAfterMs)
    .map(({ journalId, host, unseenMs, claims }) => ({ journalId, host, unseenMs, claims }));
}
