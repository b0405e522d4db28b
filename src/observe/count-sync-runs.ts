import type { Pool } from 'pg';
import type { ProviderConfig } from '../config/config.js';
import type { RunLog } from '../config/sync-config.js';
import { readSnapshot } from '../database/read-snapshot.js';
import type { Query, SnapshotSource } from '../database/read-snapshot.js';
import { advanceCountedUntil, readCountedUntil } from '../store/sync-logs.js';
import { readCatalog } from './catalog.js';
import { readNow } from './observe.js';
import { resolveRunLog, runOutcomes } from './run-log-source.js';
import type { RunOutcome } from './run-log-source.js';

export type RunCounts = Readonly<Record<RunOutcome, number>>;

/**
 * How far behind now a log is counted: a row is stamped when its transaction begins and is there
 * when it ends, so that a younger one may be seen before an older one.
 */
const settledAfterMs = 60_000;

interface Counted {
  readonly log: string;
  readonly fromMs: number | null;
  readonly untilMs: number;
  readonly counts: RunCounts;
}

/**
 * Counts the runs in a provider's logs that nobody has counted yet; null: no log can be read.
 *
 * Each run is counted by one replica and once, across restarts: what lies between two instants is
 * taken together, by whoever moves the mark in the memory from the first to the second. A run that
 * shows up later than a minute is missed rather than one counted twice. A log that is new is not
 * counted into the past. Throws when the memory or the database can't be used.
 */
export async function countSyncRuns(
  database: SnapshotSource,
  statePool: Pool,
  { name, syncs }: ProviderConfig,
): Promise<RunCounts | null> {
  const logs = syncs?.runs ?? [];
  if (logs.length === 0) return null;
  const countedUntil = await readCountedUntil(statePool, name);
  const counted = await readSnapshot(database, ({ query }) => countAll(query, logs, countedUntil));
  const mine: RunCounts[] = [];
  for (const each of counted) {
    if (await advanceCountedUntil(statePool, name, each.log, each)) mine.push(each.counts);
  }
  return counted.length === 0 ? null : sum(mine);
}

async function countAll(
  query: Query,
  logs: readonly RunLog[],
  countedUntil: ReadonlyMap<string, number>,
): Promise<Counted[]> {
  const { now, role } = await readNow(query, () => 0);
  const catalog = await readCatalog(query, role, logs);
  const untilMs = now.getTime() - settledAfterMs;
  const counted: Counted[] = [];
  for (const log of logs) {
    const source = resolveRunLog(log, catalog);
    if (!source.known) continue;
    // Another mapping of the same table is another log.
    const key = JSON.stringify(log);
    const fromMs = countedUntil.get(key) ?? null;
    // A clock that was set back counts nothing anew.
    const endMs = Math.max(untilMs, fromMs ?? untilMs);
    const counts = await count(query, source.value, fromMs ?? endMs, endMs);
    counted.push({ log: key, fromMs, untilMs: endMs, counts });
  }
  return counted;
}

async function count(
  query: Query,
  source: string,
  fromMs: number,
  untilMs: number,
): Promise<RunCounts> {
  const rows = await query<{ outcome: RunOutcome; count: number }>(
    `SELECT outcome, count(*)::float8 AS count FROM ${source} AS runs
     WHERE at >= $1::timestamptz AND at < $2::timestamptz GROUP BY outcome`,
    [new Date(fromMs).toISOString(), new Date(untilMs).toISOString()],
  );
  const of = (wanted: RunOutcome) => rows.find(({ outcome }) => outcome === wanted)?.count ?? 0;
  return Object.fromEntries(runOutcomes.map((outcome) => [outcome, of(outcome)])) as RunCounts;
}

function sum(parts: readonly RunCounts[]): RunCounts {
  return Object.fromEntries(
    runOutcomes.map((outcome) => [
      outcome,
      parts.reduce((total, part) => total + part[outcome], 0),
    ]),
  ) as RunCounts;
}
