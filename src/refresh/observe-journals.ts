import type { Pool } from 'pg';
import type { SilentJournal } from '../assess/memories.js';
import { nothingWatched, silentJournals, watchJournals } from '../assess/silent-journals.js';
import { writeTransaction } from '../database/write-transaction.js';
import { readJournals } from '../store/journals.js';

const minuteMs = 60_000;

/** Watches the heartbeats of all journals with claims, poll by poll. */
export interface JournalObserver {
  /** The silent ones, after a poll at `now` by the database's clock. Rejects when it can't read. */
  readonly observe: (now: Date) => Promise<readonly SilentJournal[]>;
}

/** Two polls may fail before the count starts again. */
export function createJournalObserver(pool: Pool, pollIntervalMs: number): JournalObserver {
  const longestGapMs = Math.max(3 * pollIntervalMs, 2 * minuteMs);
  let watch = nothingWatched;
  return {
    async observe(now) {
      const journals = await writeTransaction(pool, readJournals);
      const readings = journals
        .filter(({ claims }) => claims > 0)
        .map(({ seenAt, ...journal }) => ({ ...journal, seenAtMs: seenAt?.getTime() ?? null }));
      watch = watchJournals(watch, readings, now.getTime(), longestGapMs);
      return silentJournals(watch);
    },
  };
}
