import type { Config, ProviderConfig, TableName } from '../config/config.js';
import type { Snapshot } from '../database/read-snapshot.js';
import type { Catalog } from './catalog.js';
import { configuredCronSources, cronTables, observeCron } from './cron.js';
import type { CronObservation } from './cron.js';
import type { RunCursor } from '../store/cron-knowledge.js';
import { readExpiryDays } from './expiry-days.js';
import type { ExpiryDay } from './expiry-days.js';
import { readJobLog } from './job-log.js';
import type { LoggedJob } from './job-log.js';
import type { SourceObservation } from './source-observation.js';
import { readIsolated } from './read-isolated.js';
import { known } from './reading.js';
import type { Reading } from './reading.js';
import { resolveTokenSource } from './token-source.js';
import { readStored, storedTables } from './stored.js';
import type { ObservedStored } from './stored.js';
import { readArrivals, readEvents } from './webhooks.js';
import type { ObservedArrivals, ObservedEvents } from './webhooks.js';

/** What keeps the tokens in use, and what they are in for. */
export interface SurroundingsObservation {
  /** null: jobs are not watched. */
  readonly cron: CronObservation | null;
  /** By provider. */
  readonly providers: ReadonlyMap<string, ProviderSurroundings>;
  readonly sources: readonly SourceObservation[];
}

/** null: not configured; the days: each row is remembered and says more. */
export interface ProviderSurroundings {
  readonly jobLog: Reading<readonly LoggedJob[]> | null;
  readonly arrivals: Reading<ObservedArrivals> | null;
  readonly events: Reading<ObservedEvents> | null;
  readonly stored: Reading<ObservedStored> | null;
  readonly expiryDays: Reading<readonly ExpiryDay[]> | null;
}

/** Where nothing was read of all this. */
export const noSurroundings: SurroundingsObservation = {
  cron: null,
  providers: new Map(),
  sources: [],
};

/** How far back the jobs' own log is read: an error of last month is history. */
const jobLogMs = 86_400_000;

/** Reads cron jobs and, per provider, job log, webhooks and what syncs stored; each thing behind a SAVEPOINT. */
export async function observeSurroundings(
  snapshot: Snapshot,
  catalog: Catalog,
  config: Config,
  options: {
    readonly now: Date;
    readonly seenBefore: ReadonlySet<string>;
    readonly everyRow: boolean;
    /** By provider; of those that are not there it is read. */
    readonly expiryDays: ReadonlyMap<string, readonly ExpiryDay[]>;
    readonly countedRuns: RunCursor | null;
  },
): Promise<SurroundingsObservation> {
  const { now, seenBefore, everyRow, countedRuns, expiryDays } = options;
  const cron =
    config.cron && (await observeCron(snapshot, catalog, config.cron, countedRuns, seenBefore));
  const providers = new Map<string, ProviderSurroundings>();
  const sources: SourceObservation[] = [...(cron?.sources ?? [])];
  for (const provider of config.providers) {
    const seen = await observeProvider(snapshot, catalog, provider, now, {
      everyRow,
      expiryDays: expiryDays.get(provider.name),
    });
    providers.set(provider.name, seen);
    for (const { kind, ...source } of providerSources(provider)) {
      const reading = seen[kind];
      if (reading !== null) sources.push({ ...source, reading });
    }
  }
  return { cron, providers, sources };
}

async function observeProvider(
  { query, isolated }: Snapshot,
  catalog: Catalog,
  provider: ProviderConfig,
  now: Date,
  { everyRow, expiryDays }: { everyRow: boolean; expiryDays: readonly ExpiryDay[] | undefined },
): Promise<ProviderSurroundings> {
  const log = provider.jobs?.log ?? null;
  const { arrivals = null, events = null, windowMs = 0 } = provider.webhooks ?? {};
  const { stored = null, runs = [] } = provider.syncs ?? {};
  const logSince = new Date(now.getTime() - jobLogMs);
  const read = <T>(work: () => Promise<Reading<T>>) => readIsolated(isolated, work);
  const tokens = everyRow ? null : resolveTokenSource(provider.tokens, catalog);
  return {
    jobLog: log && (await read(() => readJobLog(query, catalog, log, logSince))),
    arrivals: arrivals && (await read(() => readArrivals(query, catalog, arrivals, now, windowMs))),
    events: events && (await read(() => readEvents(query, catalog, events, now, windowMs))),
    stored: stored && (await read(() => readStored(query, catalog, stored, runs, now))),
    expiryDays: expiryDays
      ? known(expiryDays)
      : tokens?.known
        ? await read(async () => known(await readExpiryDays(query, tokens.value, now)))
        : tokens,
  };
}

/** Tables that these readings need from the catalog. */
export function tablesAround(config: Config): TableName[] {
  const ofProviders = config.providers.flatMap(({ jobs, webhooks, syncs }) => [
    ...[jobs?.log, webhooks?.arrivals, webhooks?.events].flatMap((table) => table ?? []),
    ...storedTables(syncs),
  ]);
  return [...(config.cron === null ? [] : cronTables), ...ofProviders];
}

/** The sources that a configuration names beside tokens and syncs. */
export function surroundingSources(
  config: Config,
): { readonly name: string; readonly optional: boolean }[] {
  return [
    ...configuredCronSources(config.cron),
    ...config.providers.flatMap(providerSources).map(({ name, optional }) => ({ name, optional })),
  ];
}

interface ProviderSource {
  readonly kind: 'jobLog' | 'arrivals' | 'events' | 'stored';
  readonly name: string;
  readonly optional: boolean;
}

function providerSources({ name, jobs, webhooks, syncs }: ProviderConfig): ProviderSource[] {
  const tables = {
    jobLog: ['job_log', jobs?.log],
    arrivals: ['webhook_arrivals', webhooks?.arrivals],
    events: ['webhook_events', webhooks?.events],
    stored: ['stored', syncs?.stored],
  } as const;
  return (['jobLog', 'arrivals', 'events', 'stored'] as const).flatMap((kind) => {
    const [short, table] = tables[kind];
    return table == null ? [] : [{ kind, name: `${name}:${short}`, optional: table.optional }];
  });
}
