import type {
  Config,
  ProviderConfig,
  SubjectTable,
  SyncConfig,
  TableName,
} from '../config/config.js';
import { readSnapshot } from '../database/read-snapshot.js';
import type { Query, Snapshot, SnapshotSource } from '../database/read-snapshot.js';
import { readCatalog } from './catalog.js';
import type { Catalog } from './catalog.js';
import { known } from './reading.js';
import type { Reading, Unknown } from './reading.js';
import { statementFailed } from './statement-failed.js';
import { resolveSyncSource } from './sync-source.js';
import type { SyncSource } from './sync-source.js';
import { readStuckSyncs, readSyncLag } from './syncs.js';
import type { SyncLagObservation } from './syncs.js';
import { resolveTokenSource, tablesOf } from './token-source.js';
import type { TokenSource } from './token-source.js';
import { epochMs } from './instant-sql.js';
import { observeSurroundings, surroundingSources, tablesAround } from './surroundings.js';
import type { SurroundingsObservation } from './surroundings.js';
import { readTokens } from './tokens.js';
import type { TokenObservation } from './tokens.js';
import type { RunCursor } from '../store/cron-knowledge.js';

/** The world at one instant of the database's clock. */
export interface Observation {
  /** Postgres' now(), cut to milliseconds: the one clock that decides. */
  readonly now: Date;
  /** This machine's clock minus the database's. */
  readonly clockSkewMs: number;
  readonly providers: readonly ProviderObservation[];
  /** Cron jobs, webhooks, and on which days tokens expire. */
  readonly surroundings: SurroundingsObservation;
}

export interface ProviderObservation {
  readonly name: string;
  readonly tokens: Reading<TokenObservation>;
  /** null when no syncs are configured. */
  readonly syncs: SyncObservation | null;
  readonly sources: readonly SourceObservation[];
}

export interface SyncObservation {
  readonly lag: Reading<SyncLagObservation>;
  /** null when nothing says that a sync is running. */
  readonly stuck: Reading<number> | null;
}

/** One thing that is read, by name (`fathom:tokens`, `fathom:cron_job_logs`), and how it went. */
export interface SourceObservation {
  readonly name: string;
  readonly optional: boolean;
  readonly reading: Reading<unknown>;
}

/** Name of the source that holds a provider's tokens. */
export function tokenSourceName(provider: string): string {
  return `${provider}:tokens`;
}

/**
 * Reads all providers in one read-only transaction.
 *
 * What can't be read is unknown, with a reason, and never stops the rest. `seenBefore` names the
 * sources that could be read once: of those, absence is a fault even where they are optional.
 * `countedRuns` is up to where the runs of cron jobs were counted.
 * Throws `DatabaseError` when the database can't be used at all.
 */
export async function observe(
  database: SnapshotSource,
  config: Config,
  seenBefore: ReadonlySet<string>,
  localClockMs: () => number,
  everyRow = false,
  countedRuns: RunCursor | null = null,
): Promise<Observation> {
  return readSnapshot(database, async (snapshot) => {
    const { now, role, clockSkewMs } = await readNow(snapshot.query, localClockMs);
    const tables = [...config.providers.flatMap(tablesRead), ...tablesAround(config)];
    const catalog = await readCatalog(snapshot.query, role, tables);
    const providers: ProviderObservation[] = [];
    for (const provider of config.providers) {
      providers.push(
        await observeProvider(snapshot, {
          provider,
          catalog,
          now,
          limit: config.tokenSeriesLimit,
          seenBefore,
          everyRow,
        }),
      );
    }
    const surroundings = await observeSurroundings(snapshot, catalog, config, {
      now,
      seenBefore,
      everyRow,
      countedRuns,
    });
    return { now, clockSkewMs, providers, surroundings };
  });
}

/** Reads the one clock, how far ours is from it, and who we are. */
export async function readNow(
  query: Query,
  localClockMs: () => number,
): Promise<{ now: Date; role: string; clockSkewMs: number }> {
  const askedAtMs = localClockMs();
  // Numbers, since how the server writes a timestamp depends on its DateStyle.
  const [row] = await query<{ now_ms: number; role: string; clock_ms: number }>(
    `SELECT ${epochMs('now()')} AS now_ms,
            current_user::text AS role,
            extract(epoch FROM clock_timestamp())::float8 * 1000 AS clock_ms`,
  );
  if (row === undefined) throw new TypeError('the database did not tell its time');
  const midwayMs = (askedAtMs + localClockMs()) / 2;
  return { now: new Date(row.now_ms), role: row.role, clockSkewMs: midwayMs - row.clock_ms };
}

/** The sources that a configuration names, whether or not the database can be read. */
export function configuredSources(
  config: Config,
): { readonly name: string; readonly optional: boolean }[] {
  const ofProviders = config.providers.flatMap(({ name, syncs }) => {
    const tables = new Map<string, boolean>();
    for (const { table, optional } of syncs === null ? [] : subjectTables(syncs)) {
      tables.set(table, optional && tables.get(table) !== false);
    }
    return [
      { name: tokenSourceName(name), optional: false },
      ...[...tables].map(([table, optional]) => ({ name: `${name}:${table}`, optional })),
    ];
  });
  return [...ofProviders, ...surroundingSources(config)];
}

function subjectTables(syncs: SyncConfig): SubjectTable[] {
  const evidence = syncs.lastSuccess.filter((each) => each.kind === 'table');
  return [...evidence, ...(syncs.running === null ? [] : [syncs.running])];
}

/** Every table that a provider's configuration names. */
export function tablesRead(provider: ProviderConfig): TableName[] {
  const { syncs } = provider;
  return [...tablesOf(provider.tokens), ...(syncs === null ? [] : subjectTables(syncs))];
}

interface ProviderContext {
  readonly provider: ProviderConfig;
  readonly catalog: Catalog;
  readonly now: Date;
  readonly limit: number;
  readonly seenBefore: ReadonlySet<string>;
  readonly everyRow: boolean;
}

async function observeProvider(
  snapshot: Snapshot,
  context: ProviderContext,
): Promise<ProviderObservation> {
  const { provider, catalog, now, limit } = context;
  const { name } = provider;
  const tokenSource = (reading: Reading<unknown>): SourceObservation => ({
    name: tokenSourceName(name),
    optional: false,
    reading,
  });
  const lost = (reason: Unknown): ProviderObservation => ({
    name,
    tokens: reason,
    syncs: provider.syncs === null ? null : { lag: reason, stuck: null },
    sources: [tokenSource(reason)],
  });

  const source = resolveTokenSource(provider.tokens, catalog);
  if (!source.known) return lost(source);
  const tokens = await observeTokens(snapshot, source.value, source.notes, context);
  if (!tokens.known) return lost(tokens);
  if (provider.syncs === null) return { name, tokens, syncs: null, sources: [tokenSource(tokens)] };

  const syncSource = resolveSyncSource(provider.syncs, source.value, catalog, (table) =>
    context.seenBefore.has(`${name}:${table}`),
  );
  const syncs = await observeSyncs(snapshot, source.value, syncSource, {
    config: provider.syncs,
    now,
    ids: limit === 0 ? [] : tokens.value.mostUrgent.map(({ id }) => id),
  });
  return {
    name,
    tokens,
    syncs,
    sources: [
      tokenSource(known(tokens.value, [...tokens.notes, ...syncSource.notes])),
      ...syncSources(name, syncSource, syncs),
    ],
  };
}

async function observeTokens(
  { query, isolated }: Snapshot,
  source: TokenSource,
  notes: readonly string[],
  { provider, catalog, now, limit, everyRow }: ProviderContext,
): Promise<Reading<TokenObservation>> {
  const read = await isolated(() =>
    readTokens(query, source, catalog.role, {
      now,
      expiringSoonMs: provider.expiringSoonMs,
      limit,
      everyRow,
    }),
  );
  if (!read.ok) return statementFailed(read.error);
  return read.value.known ? known(read.value.value, notes) : read.value;
}

async function observeSyncs(
  { query, isolated }: Snapshot,
  tokens: TokenSource,
  { evidence, running }: SyncSource,
  {
    config,
    now,
    ids,
  }: {
    config: NonNullable<ProviderConfig['syncs']>;
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
function syncSources(
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
