import type { SubjectTable, SyncConfig } from '../config/config.js';
import type { Snapshot } from '../database/read-snapshot.js';
import { known } from './reading.js';
import type { Reading } from './reading.js';
import type { SourceObservation } from './source-observation.js';
import { statementFailed } from './statement-failed.js';
import type { SyncSource } from './sync-source.js';
import { readStuckSyncs, readSyncLag } from './syncs.js';
import type { SyncLagObservation } from './syncs.js';
import type { TokenSource } from './token-source.js';

/** What one poll reads of a provider's syncs. */
export interface SyncObservation {
  readonly lag: Reading<SyncLagObservation>;
  /** null when nothing says that a sync is running. */
  readonly stuck: Reading<number> | null;
}

/** Every table that shows a provider's syncs. */
export function syncTables(syncs: SyncConfig): SubjectTable[] {
  const evidence = syncs.lastSuccess.filter((each) => each.kind === 'table');
  return [...evidence, ...(syncs.running === null ? [] : [syncs.running])];
}

/** Reads a provider's syncs; `ids` names the tokens whose last success is wanted. */
export async function observeSyncs(
  { query, isolated }: Snapshot,
  tokens: TokenSource,
  { evidence, running }: SyncSource,
  {
    config,
    now,
    ids,
  }: {
    config: SyncConfig;
    now: Date;
    ids: readonly string[];
  },
): Promise<SyncObservation> {
  const attempt = async <T>(read: () => Promise<T>): Promise<Reading<T>> => {
    const result = await isolated(read);
    return result.ok ? known(result.value) : statementFailed(result.error);
  };
  const { overdueAfterMs, stuckAfterMs } = config;
  return {
    lag: evidence.known
      ? await attempt(() =>
          readSyncLag(query, tokens, evidence.value, { now, overdueAfterMs, ids }),
        )
      : evidence,
    stuck: running?.known
      ? await attempt(() => readStuckSyncs(query, tokens, running.value, { now, stuckAfterMs }))
      : running,
  };
}

/** One source per table, whose worst reading counts; a statement that failed taints what it read. */
export function syncSources(
  provider: string,
  source: SyncSource,
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
  return [...sources.values()];
}
