import type { Pool } from 'pg';
import type { Assessment } from '../assess/assess.js';
import type { Query } from '../database/read-snapshot.js';
import { writeTransaction } from '../database/write-transaction.js';
import type { Log } from '../log.js';
import {
  lockActiveWatch,
  readActiveWatchIds,
  readBaseline,
  readNewestWatches,
} from '../store/watches.js';
import type { CronTrouble } from '../watch/checks/check.js';
import type { WatchNotice } from '../watch/checkpoints.js';
import { parseWatch } from '../watch/parse-watch.js';
import { watchFigures } from '../watch/watch-figures.js';
import type { WatchFigures } from '../watch/watch-figures.js';
import { takeSample } from './take-sample.js';
import type { OfferedPoll } from './take-sample.js';
import type { WatchedConfiguration } from './watched-configuration.js';

/** The stability watches, as the polls use them: whatever goes wrong with them, polling goes on. */
export interface Watcher {
  /** Offers a poll to every active watch. Never rejects. */
  readonly watch: (assessment: Assessment, previous: Assessment) => Promise<void>;
}

export interface WatcherParts {
  readonly pool: Pool;
  readonly configuration: WatchedConfiguration;
  /** What is known of scheduled jobs at this poll; null: nothing. */
  readonly cron: (assessment: Assessment) => readonly CronTrouble[] | null;
  /** Told inside the transaction that writes the sample, so that each notice is told once. */
  readonly tell: (query: Query, notice: WatchNotice) => Promise<void>;
  readonly onFigures: (figures: readonly WatchFigures[]) => void;
  readonly log: Log;
}

export function createWatcher(parts: WatcherParts): Watcher {
  const { pool, configuration, log } = parts;
  /** A baseline is large and never changes. */
  const baselines = new Map<number, unknown>();
  let problem: string | null = null;

  const report = (found: string | null): void => {
    if (found !== null && found !== problem) log.warn(`stability watches: ${found}`);
    problem = found;
  };
  const offer = (id: number, poll: OfferedPoll): Promise<void> =>
    writeTransaction(pool, async (query) => {
      const row = await lockActiveWatch(query, id);
      if (row === null) return;
      const baseline = baselines.get(id) ?? (await readBaseline(query, id));
      if (baseline !== null) baselines.set(id, baseline);
      const { state } = parseWatch(row, baseline);
      const { notices } = await takeSample(query, state, poll, configuration);
      for (const notice of notices) await parts.tell(query, notice);
    });

  return {
    async watch(assessment, previous) {
      const { observedAt, databaseFailure, memoryProblem } = assessment;
      // Without the database there is no sample: that is the gap the watch will show.
      if (observedAt === null || databaseFailure !== null) return;
      if (memoryProblem !== null) {
        report(`nothing can be kept: ${memoryProblem}`);
        return;
      }
      const nowMs = observedAt.getTime();
      const poll: OfferedPoll = { assessment, previous, cron: parts.cron(assessment), nowMs };
      let found: string | null = null;
      try {
        const ids = await writeTransaction(pool, readActiveWatchIds);
        for (const id of baselines.keys()) if (!ids.includes(id)) baselines.delete(id);
        for (const id of ids) {
          try {
            await offer(id, poll);
          } catch (error) {
            found = `the poll could not be added to watch ${String(id)}: ${messageOf(error)}`;
          }
        }
        const rows = await writeTransaction(pool, readNewestWatches);
        parts.onFigures(rows.map((row) => watchFigures(parseWatch(row, null), nowMs)));
      } catch (error) {
        found ??= messageOf(error);
      }
      report(found);
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
