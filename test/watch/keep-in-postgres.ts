import type { Pool } from 'pg';
import type { SeenCron } from '../../src/assess/cron-trouble.js';
import type { Query } from '../../src/database/read-snapshot.js';
import { writeTransaction } from '../../src/database/write-transaction.js';
import type { Log } from '../../src/log.js';
import {
  lockActiveWatch,
  readBaseline,
  readSamples,
  readWatches,
} from '../../src/store/watches.js';
import type { WatchedConfiguration } from '../../src/watch/absorb-poll.js';
import type { WatchNotice } from '../../src/watch/checkpoints.js';
import { judge } from '../../src/watch/judge.js';
import { parseWatch } from '../../src/watch/parse-watch.js';
import type { KeptWatch } from '../../src/watch/parse-watch.js';
import type { StabilityWatch } from '../../src/watch/stability-watch.js';
import type { KeptSample } from '../../src/watch/watch-sample.js';
import { startWatch } from '../../src/watcher/start-watch.js';
import { takeSample } from '../../src/watcher/take-sample.js';
import { createWatcher } from '../../src/watcher/watcher.js';
import { configured } from './simulate-watch.js';
import type { Keeper, Simulated } from './simulate-watch.js';
import type { LedgerEvent } from './simulated-world.js';

type Terms = Omit<StabilityWatch, 'id'>;

/** Keeps the samples in Postgres, through everything the exporter uses for it. */
export async function keepInPostgres(pool: Pool, terms: Terms): Promise<Keeper> {
  const notices: WatchNotice[] = [];
  const logged: string[] = [];
  const write = (message: string) => logged.push(message);
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const { id } = await writeTransaction(pool, (query) =>
    startWatch(query, terms, () => Promise.resolve()),
  );
  if (id === null) throw new Error('the watch could not be started');
  let cron: SeenCron | null = null;
  const newWatcher = (configuration: WatchedConfiguration) =>
    createWatcher({
      pool,
      pollIntervalMs: 30_000,
      patienceMs: 30_000,
      configuration,
      cron: () => cron,
      announce: () => undefined,
      enqueue: (_, notice) => {
        notices.push(notice);
        return Promise.resolve();
      },
      onFigures: () => undefined,
      log,
    });
  let watcher = newWatcher(configured(true));
  let waiting = 0;
  return {
    restart(configuration) {
      watcher = newWatcher(configuration);
    },
    async offer(poll) {
      await writeTransaction(pool, (query) => writeEvents(query, poll.events));
      if (poll.undelivered !== waiting) {
        await writeTransaction(pool, (query) => leaveUndelivered(query, poll.undelivered));
      }
      waiting = poll.undelivered;
      cron = poll.cron;
      await watcher.watch(poll.assessment, poll.previous);
      if (notices.at(-1)?.kind === 'end') return { ended: true, wanted: [] };
      if (terms.prove === 0) return { ended: false, wanted: [] };
      return { ended: false, wanted: await writeTransaction(pool, takeWanted) };
    },
    result: () => readResult(pool, id, terms, { notices, logged }),
  };
}

/**
 * The same through one transaction per simulated hour, at whose begin all is read back: each hour is
 * another process. Three times as fast as a transaction per poll, and the same statements.
 */
export async function keepByTheHour(pool: Pool, terms: Terms): Promise<Keeper> {
  const client = await pool.connect();
  const query: Query = async <Row extends object>(text: string, values: readonly unknown[] = []) =>
    (await client.query<Row>(text, [...values])).rows;
  const notices: WatchNotice[] = [];
  await query('BEGIN');
  const { id } = await startWatch(query, terms, () => Promise.resolve());
  if (id === null) throw new Error('the watch could not be started');
  let configuration = configured(true);
  let kept: KeptWatch | null = null;
  let polls = 0;
  let waiting = 0;
  const readBack = async (): Promise<KeptWatch> => {
    await query('COMMIT');
    await query('BEGIN');
    const row = await lockActiveWatch(query, id);
    if (row === null) throw new Error('the watch has ended');
    return parseWatch(row, await readBaseline(query, id));
  };
  return {
    restart(other) {
      configuration = other;
      kept = null;
    },
    async offer({ events, undelivered, ...poll }) {
      if (kept === null || polls % 120 === 0) kept = await readBack();
      polls += 1;
      await writeEvents(query, events);
      if (undelivered !== waiting) await leaveUndelivered(query, undelivered);
      waiting = undelivered;
      const taken = await takeSample(query, kept, poll, configuration);
      kept = taken.kept;
      notices.push(...taken.notices);
      if (kept.end !== null) return { ended: true, wanted: [] };
      return { ended: false, wanted: terms.prove === 0 ? [] : await takeWanted(query) };
    },
    async result() {
      await query('COMMIT');
      client.release();
      return readResult(pool, id, terms, { notices, logged: [] });
    },
  };
}

async function readResult(
  pool: Pool,
  id: number,
  terms: Terms,
  heard: Pick<Simulated, 'notices' | 'logged'>,
): Promise<Simulated> {
  const { row, baseline, samples } = await writeTransaction(pool, async (query) => ({
    row: (await readWatches(query, { id, limit: 1 }))[0]!,
    baseline: await readBaseline(query, id),
    samples: await readSamples(query, id),
  }));
  const { state, end } = parseWatch(row, baseline);
  const judgement = end?.judgement ?? judge(state, terms.deadlineAtMs);
  return { state, judgement, samples: samples as KeptSample[], ...heard };
}

async function writeEvents(query: Query, events: readonly LedgerEvent[]): Promise<void> {
  for (const { atMs, tokenId, event, reason } of events) {
    await query(
      `INSERT INTO oauth_token_exporter.ledger (at, provider, token_id, event, reason, actor)
       VALUES ($1, 'fathom', $2, $3, $4, 'refresh')`,
      [new Date(atMs), tokenId, event, reason],
    );
  }
}

async function takeWanted(query: Query): Promise<string[]> {
  const wanted = await query<{ token_id: string }>(
    'DELETE FROM oauth_token_exporter.refresh_requests RETURNING token_id',
  );
  return wanted.map(({ token_id }) => token_id);
}

/** Leaves exactly so many messages in the outbox, all of them for eleven minutes now. */
async function leaveUndelivered(query: Query, count: number): Promise<void> {
  await query('DELETE FROM oauth_token_exporter.outbox');
  await query(
    `INSERT INTO oauth_token_exporter.outbox (incident_id, notice, enqueued_at)
     SELECT 'incident', '{}', now() - interval '11 minutes' FROM generate_series(1, $1)`,
    [count],
  );
}
