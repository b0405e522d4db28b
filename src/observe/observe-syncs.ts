import type { SubjectTable, SyncConfig } from '../config/config.js';
import type { Snapshot } from '../database/read-snapshot.js';
import { overdueBefore } from './overdue-before.js';
import { known } from './reading.js';
import type { Reading } from './reading.js';
import type { SourceObservation } from './source-observation.js';
import { statementFailed } from './statement-failed.js';
import type { SyncFailureSource } from './sync-failure-source.js';
import { readSyncFailures } from './sync-failures.js';
import type { ObservedSyncFailure } from './sync-failures.js';
import type { SyncSource } from './sync-source.js';
import { readStuckSyncs, readSyncLag } from './syncs.js';
import type { SyncLagObservation } from './syncs.js';
import type { TokenSource } from './token-source.js';

/** What one poll reads of a provider's syncs. */
export interface SyncObservation {
  readonly lag: Reading<SyncLagObservation>;
  /** null when nothing says that a sync is running. */
  readonly stuck: Reading<number> | null;
  /** null when nothing says that a sync failed. */
  readonly failures: Reading<readonly ObservedSyncFailure[]> | null;
}

/** Every table that shows a provider's syncs. */
export function syncTables(syncs: SyncConfig): SubjectTable[] {
  const evidence = syncs.lastSuccess.filter((each) => each.kind === 'table');
  return [
    ...evidence,
    ...(syncs.running === null ? [] : [syncs.running]),
    ...syncs.failures.map(({ message: _, ...table }) => table),
  ];
}

/** Reads a provider's syncs; the last success of the `limit` most urgent tokens is wanted. */
export async function observeSyncs(
  { query, isolated }: Snapshot,
  tokens: TokenSource,
  { evidence, running }: SyncSource,
  failed: SyncFailureSource | null,
  options: {
    readonly config: SyncConfig;
    readonly now: Date;
    readonly limit: number;
  },
): Promise<SyncObservation> {
  const { config, now, limit } = options;
  const attempt = async <T>(read: () => Promise<T>): Promise<Reading<T>> => {
    const result = await isolated(read);
    return result.ok ? known(result.value) : statementFailed(result.error);
  };
  const { stuckAfterMs } = config;
  const overdueBeforeMs = overdueBefore(config, now);
  return {
    lag: evidence.known
      ? await attempt(() =>
          readSyncLag(query, tokens, evidence.value, { now, overdueBeforeMs, limit }),
        )
      : evidence,
    stuck: running?.known
      ? await attempt(() => readStuckSyncs(query, tokens, running.value, { now, stuckAfterMs }))
      : running,
    failures: await observeFailures(),
  };

  async function observeFailures(): Promise<SyncObservation['failures']> {
    if (failed === null) return null;
    const { failures } = failed;
    if (!evidence.known) return evidence;
    return failures.known
      ? attempt(() => readSyncFailures(query, tokens, evidence.value, failures.value, now))
      : failures;
  }
}

/**
 * One source per table, whose worst reading counts; a statement that failed taints what it read.
 * A table that also shows successes is up without its failures: what they lack is a note.
 */
export function syncSources(
  provider: string,
  source: SyncSource,
  failureSource: SyncFailureSource | null,
  syncs: SyncObservation,
): SourceObservation[] {
  const sources = new Map<string, SourceObservation>();
  for (const { table, optional, reading, isEvidence } of source.tables) {
    const name = `${provider}:${table}`;
    const statement = isEvidence ? syncs.lag : syncs.stuck;
    const failed = statement?.known === false && statement.state === 'failed';
    const current = reading.known && failed ? statement : reading;
    const previous = sources.get(name);
    if (previous === undefined || previous.reading.known) {
      sources.set(name, {
        name,
        optional: optional && previous?.optional !== false,
        reading: current,
      });
    }
  }
  for (const { table, optional, reading } of failureSource?.tables ?? []) {
    const name = `${provider}:${table}`;
    const { failures } = syncs;
    const failed = failures?.known === false && failures.state === 'failed';
    const current = reading.known && failed ? failures : reading;
    const previous = sources.get(name);
    sources.set(
      name,
      previous === undefined
        ? { name, optional, reading: current }
        : { ...previous, reading: withNotes(previous.reading, current) },
    );
  }
  return [...sources.values()];
}

function withNotes(reading: Reading<unknown>, failures: Reading<unknown>): Reading<unknown> {
  if (!reading.known) return reading;
  const notes = failures.known
    ? failures.notes
    : [`failed syncs can't be read: ${failures.reason}; ${failures.remedy}`];
  return known(reading.value, [...reading.notes, ...notes]);
}
