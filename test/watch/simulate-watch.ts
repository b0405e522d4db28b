import type { Pool } from 'pg';
import { writeTransaction } from '../../src/database/write-transaction.js';
import type { Log } from '../../src/log.js';
import { readBaseline, readSamples, readWatches } from '../../src/store/watches.js';
import type { WatchNotice } from '../../src/watch/checkpoints.js';
import { judge } from '../../src/watch/judge.js';
import type { Judgement, WatchState } from '../../src/watch/judge.js';
import { parseWatch } from '../../src/watch/parse-watch.js';
import { startWatch } from '../../src/watcher/start-watch.js';
import { createWatcher } from '../../src/watcher/watcher.js';
import type { TestDatabase } from '../support/postgres.js';
import { hourMs, pollIntervalMs, startMs, watchedProviders } from './simulated-world.js';
import type { SimulatedWorld } from './simulated-world.js';

/** What happens in a simulated watch, and how it was started. */
export interface Scenario {
  readonly world: SimulatedWorld;
  readonly forMs?: number;
  readonly prove?: number;
  readonly acceptKnown?: boolean;
  /** Offset from the start → what happens before the poll then. */
  readonly events?: readonly (readonly [offsetMs: number, event: (nowMs: number) => void])[];
  /** Whether a poll takes place at this offset. */
  readonly isUp?: (offsetMs: number) => boolean;
  /** The exporter is another process from each of these offsets on. */
  readonly restartEveryMs?: number;
}

export interface Simulated {
  readonly id: number;
  readonly state: WatchState;
  readonly judgement: Judgement;
  readonly notices: readonly WatchNotice[];
  readonly samples: number;
  readonly logged: readonly string[];
}

/** Lives through a whole watch with the real watcher and the real store; the clock is the argument. */
export async function simulateWatch(
  database: TestDatabase,
  pool: Pool,
  scenario: Scenario,
): Promise<Simulated> {
  const { world, forMs = 48 * hourMs, prove = 0, acceptKnown = false } = scenario;
  const notices: WatchNotice[] = [];
  const logged: string[] = [];
  const write = (message: string) => logged.push(message);
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const { id } = await writeTransaction(pool, (query) =>
    startWatch(query, {
      providers: ['fathom'],
      startedAtMs: startMs,
      deadlineAtMs: startMs + forMs,
      pollIntervalMs,
      note: 'refresh cron fixed',
      startedBy: 'ops',
      prove,
      acceptKnown,
    }),
  );
  const newWatcher = () =>
    createWatcher({
      pool,
      configuration: { providers: watchedProviders, fingerprint: 'configuration-1' },
      cron: () => null,
      tell: (_, notice) => {
        notices.push(notice);
        return Promise.resolve();
      },
      onFigures: () => undefined,
      log,
    });
  let watcher = newWatcher();
  const events = [...(scenario.events ?? [])];
  let written = 0;
  let restarts = 0;
  for (let offsetMs = 7_000; offsetMs <= forMs + pollIntervalMs; offsetMs += pollIntervalMs) {
    const nowMs = startMs + offsetMs;
    while (events[0] !== undefined && events[0][0] <= offsetMs) events.shift()?.[1](nowMs);
    if (scenario.isUp?.(offsetMs) === false) continue;
    if (offsetMs / (scenario.restartEveryMs ?? Infinity) >= restarts + 1) {
      restarts += 1;
      watcher = newWatcher();
    }
    const { assessment, previous } = world.poll(nowMs);
    // What the refreshers would have written by then.
    for (const { atMs, tokenId, event, reason } of world.ledger.slice(written)) {
      await database.query(
        `INSERT INTO oauth_token_exporter.ledger (at, provider, token_id, event, reason, actor)
         VALUES ($1, 'fathom', $2, $3, $4, 'refresh')`,
        [new Date(atMs), tokenId, event, reason],
      );
    }
    written = world.ledger.length;
    await watcher.watch(assessment, previous);
    const asked = await answerRequests(database, world, nowMs, prove);
    if (asked > 0) written = Math.min(written, world.ledger.length);
    if (notices.at(-1)?.kind === 'end') break;
  }
  const { row, baseline, samples } = await writeTransaction(pool, async (query) => ({
    row: (await readWatches(query, { id, limit: 1 }))[0],
    baseline: await readBaseline(query, id),
    samples: (await readSamples(query, id)).length,
  }));
  if (row === undefined) throw new Error('the watch is gone');
  const { state, end } = parseWatch(row, baseline);
  const judgement = end?.judgement ?? judge(state, startMs + forMs);
  return { id, state, judgement, notices, samples, logged };
}

async function answerRequests(
  database: TestDatabase,
  world: SimulatedWorld,
  nowMs: number,
  prove: number,
): Promise<number> {
  if (prove === 0) return 0;
  const wanted = await database.query<{ token_id: string }>(
    'DELETE FROM oauth_token_exporter.refresh_requests RETURNING token_id',
  );
  for (const { token_id } of wanted) world.refresh(token_id, nowMs + 1_000);
  return wanted.length;
}
