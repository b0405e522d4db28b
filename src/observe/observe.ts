import type { Config, ProviderConfig, TableName } from '../config/config.js';
import { readSnapshot } from '../database/read-snapshot.js';
import type { Query, Snapshot, SnapshotSource } from '../database/read-snapshot.js';
import { readCatalog } from './catalog.js';
import type { Catalog } from './catalog.js';
import { carriedFrom, resolveCarrySource } from './carried/carry-source.js';
import type { CarriedTokens, TokenCarriers } from './carried/token-carriers.js';
import type { ExpiryDay } from './expiry-days.js';
import { observeSyncs, syncSources, syncTables } from './observe-syncs.js';
import type { SyncObservation } from './observe-syncs.js';
import { known } from './reading.js';
import type { Reading, Unknown } from './reading.js';
import type { SourceObservation } from './source-observation.js';
import { statementFailed } from './statement-failed.js';
import { resolveFailures } from './sync-failure-source.js';
import { resolveSyncSource } from './sync-source.js';
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

/** Name of the source that holds a provider's tokens. */
export function tokenSourceName(provider: string): string {
  return `${provider}:tokens`;
}

/**
 * Reads all providers in one read-only transaction.
 *
 * What can't be read is unknown, with a reason, and never stops the rest. `seenBefore` names the
 * sources that could be read once: of those, absence is a fault even where they are optional.
 * `countedRuns` is up to where the runs of cron jobs were counted; `carriers` keep large tables
 * from poll to poll, null reads them in full.
 * Throws `DatabaseError` when the database can't be used at all.
 */
export async function observe(
  database: SnapshotSource,
  config: Config,
  seenBefore: ReadonlySet<string>,
  localClockMs: () => number,
  everyRow = false,
  countedRuns: RunCursor | null = null,
  carriers: TokenCarriers | null = null,
): Promise<Observation> {
  return readSnapshot(database, async (snapshot) => {
    const { now, role, clockSkewMs } = await readNow(snapshot.query, localClockMs);
    const tables = [...config.providers.flatMap(tablesRead), ...tablesAround(config)];
    const catalog = await readCatalog(snapshot.query, role, tables);
    const providers: ProviderObservation[] = [];
    const expiryDays = new Map<string, readonly ExpiryDay[]>();
    for (const provider of config.providers) {
      providers.push(
        await observeProvider(snapshot, {
          provider,
          catalog,
          now,
          limit: config.tokenSeriesLimit,
          seenBefore,
          everyRow,
          carriers,
          onExpiryDays: (days) => expiryDays.set(provider.name, days),
        }),
      );
    }
    const surroundings = await observeSurroundings(snapshot, catalog, config, {
      now,
      seenBefore,
      everyRow,
      countedRuns,
      expiryDays,
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
    for (const { table, optional } of syncs === null ? [] : syncTables(syncs)) {
      tables.set(table, optional && tables.get(table) !== false);
    }
    return [
      { name: tokenSourceName(name), optional: false },
      ...[...tables].map(([table, optional]) => ({ name: `${name}:${table}`, optional })),
    ];
  });
  return [...ofProviders, ...surroundingSources(config)];
}

/** Every table that a provider's configuration names. */
export function tablesRead(provider: ProviderConfig): TableName[] {
  const { syncs } = provider;
  return [...tablesOf(provider.tokens), ...(syncs === null ? [] : syncTables(syncs))];
}

interface ProviderContext {
  readonly provider: ProviderConfig;
  readonly catalog: Catalog;
  readonly now: Date;
  readonly limit: number;
  readonly seenBefore: ReadonlySet<string>;
  readonly everyRow: boolean;
  readonly carriers: TokenCarriers | null;
  /** Hears on which days tokens expire, where that is known without asking. */
  readonly onExpiryDays: (days: readonly ExpiryDay[]) => void;
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
    syncs: provider.syncs === null ? null : { lag: reason, stuck: null, failures: null },
    sources: [tokenSource(reason)],
  });

  const source = resolveTokenSource(provider.tokens, catalog);
  if (!source.known) return lost(source);
  const tokens = await observeTokens(snapshot, source.value, source.notes, context);
  if (!tokens.known) return lost(tokens);
  if (provider.syncs === null) return { name, tokens, syncs: null, sources: [tokenSource(tokens)] };

  const seenBefore = (table: string) => context.seenBefore.has(`${name}:${table}`);
  const syncSource = resolveSyncSource(provider.syncs, source.value, catalog, seenBefore);
  const failed = resolveFailures(provider.syncs.failures, catalog, seenBefore);
  const syncs = await observeSyncs(snapshot, source.value, syncSource, failed, {
    config: provider.syncs,
    now,
    limit,
  });
  return {
    name,
    tokens,
    syncs,
    sources: [
      tokenSource(known(tokens.value, [...tokens.notes, ...syncSource.notes])),
      ...syncSources(name, syncSource, failed, syncs),
    ],
  };
}

async function observeTokens(
  { query, isolated }: Snapshot,
  source: TokenSource,
  notes: readonly string[],
  context: ProviderContext,
): Promise<Reading<TokenObservation>> {
  const { provider, catalog, now, limit, everyRow } = context;
  const { expiringSoonMs } = provider;
  const read = await isolated(async () => {
    const carried = await readCarried(query, source, context);
    if (carried?.rows === null) context.onExpiryDays(carried.expiryDays);
    return readTokens(query, source, catalog.role, {
      now,
      expiringSoonMs,
      limit,
      everyRow,
      carried,
    });
  });
  if (!read.ok) return statementFailed(read.error);
  return read.value.known ? known(read.value.value, notes) : read.value;
}

/**
 * Rows are compared with what is remembered: a refresh of ours that does not move `updated_at`
 * would look as if somebody had undone it. So rows are carried only where a trigger moves it.
 */
async function readCarried(
  query: Query,
  source: TokenSource,
  { provider, catalog, carriers, now, everyRow }: ProviderContext,
): Promise<CarriedTokens | null> {
  const fromRows = everyRow ? carriedFrom.wholeRows : carriedFrom.counts;
  const carry = resolveCarrySource(provider.tokens, catalog, fromRows);
  if (carriers === null || 'because' in carry) return null;
  if (everyRow && !carry.movesByTrigger) return null;
  const { expiringSoonMs } = provider;
  return carriers.read(query, provider.name, source, carry, { now, expiringSoonMs, everyRow });
}
