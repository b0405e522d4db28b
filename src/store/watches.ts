import type { Query } from '../database/read-snapshot.js';
import { stateSchema } from './migrate.js';

/** What a person wants watched. */
export interface NewWatch {
  /** Sorted. */
  readonly providers: readonly string[];
  readonly startedAtMs: number;
  readonly deadlineAtMs: number;
  /** Time between two polls, and hence between two samples, when it was started. */
  readonly pollIntervalMs: number;
  readonly note: string;
  readonly startedBy: string;
  /** How many tokens of each provider are refreshed on purpose; 0: none. */
  readonly prove: number;
  /** What is wrong at the start is listed in the verdict instead of deciding it. */
  readonly acceptKnown: boolean;
}

/**
 * A watch as it is kept. What it means belongs to the room `watch`; here it is JSON. Instants are
 * epoch milliseconds by the clock of the tokens' database.
 */
export interface WatchRow extends NewWatch {
  readonly id: number;
  readonly waitingBecause: string | null;
  readonly progress: unknown;
  readonly endedAtMs: number | null;
  readonly stopped: unknown;
  readonly judgement: unknown;
  readonly hash: string | null;
}

export interface SampleRow {
  readonly slot: number;
  readonly atMs: number;
  readonly sample: unknown;
}

const watches = `${stateSchema}.watches`;
const samples = `${stateSchema}.watch_samples`;
const ms = (column: string) => `floor(extract(epoch FROM ${column}) * 1000)::float8`;

/** Not the baseline: it names every token, and is read once. */
const columns = `
  id, providers, ${ms('started_at')} AS "startedAtMs", ${ms('deadline_at')} AS "deadlineAtMs",
  poll_interval_seconds * 1000 AS "pollIntervalMs", note, started_by AS "startedBy", prove,
  accept_known AS "acceptKnown", waiting_because AS "waitingBecause", progress,
  ${ms('ended_at')} AS "endedAtMs", stopped, judgement, hash`;

type Row = WatchRow & Record<string, unknown>;

/**
 * Writes a watch; the running exporter finds it with its next poll. Returns its id; null where somebody
 * has just started one of the same providers.
 */
export async function insertWatch(query: Query, watch: NewWatch): Promise<number | null> {
  const [row] = await query<{ id: number }>(
    `INSERT INTO ${watches} (providers, started_at, deadline_at, poll_interval_seconds, note,
                             started_by, prove, accept_known)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id`,
    [
      watch.providers,
      new Date(watch.startedAtMs),
      new Date(watch.deadlineAtMs),
      watch.pollIntervalMs / 1000,
      watch.note,
      watch.startedBy,
      watch.prove,
      watch.acceptKnown,
    ],
  );
  return row?.id ?? null;
}

/** Takes the watch for this transaction, so that replicas write one after the other; null: it ended. */
export async function lockActiveWatch(query: Query, id: number): Promise<WatchRow | null> {
  const [row] = await query<Row>(
    `SELECT ${columns} FROM ${watches} WHERE id = $1 AND ended_at IS NULL FOR UPDATE`,
    [id],
  );
  return row ?? null;
}

/** The active watch of exactly these providers, sorted, taken for this transaction. */
export async function lockActiveWatchOf(
  query: Query,
  providers: readonly string[],
): Promise<WatchRow | null> {
  const [row] = await query<Row>(
    `SELECT ${columns} FROM ${watches} WHERE providers = $1 AND ended_at IS NULL FOR UPDATE`,
    [providers],
  );
  return row ?? null;
}

/** Watches, the newest first; with an id only that one. */
export async function readWatches(
  query: Query,
  { id = null, limit }: { readonly id?: number | null; readonly limit: number },
): Promise<WatchRow[]> {
  return query<Row>(
    `SELECT ${columns} FROM ${watches} WHERE $1::integer IS NULL OR id = $1
     ORDER BY id DESC LIMIT $2`,
    [id, limit],
  );
}

/** The newest watch of each set of providers: what the metrics show. */
export async function readNewestWatches(query: Query): Promise<WatchRow[]> {
  return query<Row>(
    `SELECT DISTINCT ON (providers) ${columns} FROM ${watches} ORDER BY providers, id DESC`,
  );
}

export async function readBaseline(query: Query, id: number): Promise<unknown> {
  const [row] = await query<{ baseline: unknown }>(
    `SELECT baseline FROM ${watches} WHERE id = $1`,
    [id],
  );
  return row?.baseline ?? null;
}

export async function saveBaseline(query: Query, id: number, baseline: unknown): Promise<void> {
  await query(`UPDATE ${watches} SET baseline = $2, waiting_because = NULL WHERE id = $1`, [
    id,
    JSON.stringify(baseline),
  ]);
}

export async function saveWaiting(query: Query, id: number, because: string): Promise<void> {
  await query(`UPDATE ${watches} SET waiting_because = $2 WHERE id = $1`, [id, because]);
}

/** Keeps the sample of one poll, and what all of them now add up to. */
export async function saveSample(
  query: Query,
  id: number,
  { slot, atMs, sample }: SampleRow,
  progress: unknown,
): Promise<void> {
  await query(
    `WITH kept AS (INSERT INTO ${samples} (watch_id, slot, at, sample) VALUES ($1, $2, $3, $4))
     UPDATE ${watches} SET progress = $5 WHERE id = $1`,
    [id, slot, new Date(atMs), JSON.stringify(sample), JSON.stringify(progress)],
  );
}

export async function readSamples(query: Query, id: number): Promise<SampleRow[]> {
  return query<SampleRow & Record<string, unknown>>(
    `SELECT slot, ${ms('at')} AS "atMs", sample FROM ${samples} WHERE watch_id = $1 ORDER BY slot`,
    [id],
  );
}

/** Ends a watch for good. */
export async function closeWatch(
  query: Query,
  id: number,
  end: {
    readonly atMs: number;
    readonly stopped: unknown;
    readonly judgement: unknown;
    readonly hash: string;
  },
): Promise<void> {
  const json = (value: unknown) => (value === null ? null : JSON.stringify(value));
  await query(
    `UPDATE ${watches} SET ended_at = $2, stopped = $3, judgement = $4, hash = $5 WHERE id = $1`,
    [id, new Date(end.atMs), json(end.stopped), json(end.judgement), end.hash],
  );
}
