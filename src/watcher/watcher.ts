import type { Pool } from 'pg';
import type { Assessment } from '../assess/assess.js';
import type { SeenCron } from '../assess/cron-trouble.js';
import type { Query } from '../database/read-snapshot.js';
import { writeTransaction } from '../database/write-transaction.js';
import type { Log } from '../log.js';
import { lockActiveWatch, readBaseline, readNewestWatches } from '../store/watches.js';
import type { OfferedPoll, WatchedConfiguration } from '../watch/absorb-poll.js';
import type { WatchNotice } from '../watch/checkpoints.js';
import { parseWatch } from '../watch/parse-watch.js';
import type { KeptWatch } from '../watch/parse-watch.js';
import { watchFigures } from '../watch/watch-figures.js';
import type { WatchFigures } from '../watch/watch-figures.js';
import { takeSample } from './take-sample.js';
import type { Sampled } from './take-sample.js';

/** The stability watches, as the polls use them: whatever goes wrong with them, polling goes on. */
export interface Watcher {
  /** Offers a poll to every active watch. Never rejects. */
  readonly watch: (assessment: Assessment, previous: Assessment) => Promise<void>;
}

export interface WatcherParts {
  readonly pool: Pool;
  readonly pollIntervalMs: number;
  /** How long a poll waits for one transaction of a watch before it goes on without. */
  readonly patienceMs: number;
  readonly configuration: WatchedConfiguration;
  /** What this poll saw of scheduled jobs; null: nothing. */
  readonly cron: (assessment: Assessment) => SeenCron | null;
  /** Told inside the transaction that writes the sample, so that each notice is told once. */
  readonly enqueue: (query: Query, notice: WatchNotice) => Promise<void>;
  /** Hears of the notices whose transaction is committed. */
  readonly announce: (notices: readonly WatchNotice[]) => void;
  readonly onFigures: (figures: readonly WatchFigures[]) => void;
  readonly log: Log;
}

export function createWatcher(parts: WatcherParts): Watcher {
  const { pool, configuration, log } = parts;
  /** A baseline is large and never changes. */
  const baselines = new Map<number, unknown>();
  let problem: string | null = null;
  /** The poll that was offered last. */
  let newest: { readonly assessment: Assessment; readonly nowMs: number } | null = null;

  const report = (found: string | null): void => {
    if (found !== null && found !== problem) log.warn(`stability watches: ${found}`);
    problem = found;
  };
  const offer = async (id: number, poll: OfferedPoll): Promise<KeptWatch | null> => {
    const sampled = await writeTransaction(
      pool,
      async (query): Promise<Sampled | null> => {
        const row = await lockActiveWatch(query, id);
        if (row === null) return null;
        const baseline = baselines.get(id) ?? (await readBaseline(query, id));
        if (baseline !== null) baselines.set(id, baseline);
        const taken = await takeSample(query, parseWatch(row, baseline), poll, configuration);
        for (const notice of taken.notices) await parts.enqueue(query, notice);
        return taken;
      },
      parts.patienceMs,
    );
    if (sampled === null) return null;
    if (sampled.notices.length > 0) parts.announce(sampled.notices);
    return sampled.kept;
  };
  const offerToEach = async (poll: OfferedPoll): Promise<void> => {
    const rows = await writeTransaction(pool, readNewestWatches, parts.patienceMs);
    const active = rows.filter(({ endedAtMs }) => endedAtMs === null).map(({ id }) => id);
    for (const id of baselines.keys()) if (!active.includes(id)) baselines.delete(id);
    const figures: WatchFigures[] = [];
    const failures: unknown[] = [];
    for (const row of rows) {
      try {
        const offered = active.includes(row.id) ? await offer(row.id, poll) : null;
        figures.push(watchFigures(offered ?? parseWatch(row, null), poll.nowMs));
      } catch (error) {
        failures.push(`watch ${String(row.id)}: ${messageOf(error)}`);
      }
    }
    parts.onFigures(figures);
    if (failures.length > 0) throw new Error(failures.join('; '));
  };

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
      const isOne = assessment.instants.size === 0;
      // What came late of one of several databases is news to the next sample.
      if (!isOne && newest !== null && nowMs - newest.nowMs < parts.pollIntervalMs / 2) return;
      const before = isOne ? previous : (newest?.assessment ?? previous);
      newest = { assessment, nowMs };
      const cron = parts.cron(assessment);
      const poll: OfferedPoll = { assessment, previous: before, cron, nowMs };
      try {
        await offerToEach(poll);
        report(null);
      } catch (error) {
        report(`a poll could not be added: ${messageOf(error)}`);
      }
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
