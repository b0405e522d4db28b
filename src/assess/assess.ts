import type { Config } from '../config/config.js';
import type { DatabaseFailure } from '../database/explain-database-error.js';
import type { Observation } from '../observe/observe.js';
import { assessProvider } from './assess-provider.js';
import type { ConfiguredProvider, ProviderAssessment } from './assess-provider.js';
import { assessCron } from './cron.js';
import type { CronAssessment } from './cron.js';
import type { Memories, SilentJournal } from './memories.js';
import { runAtOnce } from './slices.js';
import type { Slices } from './slices.js';
import { assessSources, sourcesUnreachable, wasSeen } from './sources.js';
import type { SourceAssessment } from './sources.js';

/** What is known after a poll. Where a poll could not see, the last known value stays. */
export interface Assessment {
  /** The database's clock at the last poll that reached it; null before the first. */
  readonly observedAt: Date | null;
  readonly providers: ReadonlyMap<string, ProviderAssessment>;
  readonly sources: ReadonlyMap<string, SourceAssessment>;
  /** null: no jobs are watched, or none could be seen yet. */
  readonly cron: CronAssessment | null;
  /** Why no database could be used in this poll; null when one could. */
  readonly databaseFailure: DatabaseFailure | null;
  /**
   * Of several databases those that this poll did not read, by name: why one could not be used, or
   * null where it was well and was not due or has not answered yet. What lies in them is as before.
   */
  readonly unread: ReadonlyMap<string, DatabaseFailure | null>;
  /** With several databases: when each provider was last read, by the clock of its own. */
  readonly instants: ReadonlyMap<string, Date>;
  /** The poll reached the database and every source that must be up is up. */
  readonly complete: boolean;
  /** Why the exporter's memory could not be used in this poll; null when it could. */
  readonly memoryProblem: string | null;
  readonly silentJournals: readonly SilentJournal[];
}

/** What a poll brought: the world, or why the database could not be used. */
export type PollResult =
  | { readonly ok: true; readonly observation: Observation }
  | { readonly ok: false; readonly failure: DatabaseFailure };

/** What the configuration says that an assessment depends on. */
export interface AssessedConfig {
  readonly sources: readonly { readonly name: string; readonly optional: boolean }[];
  readonly providers: readonly ConfiguredProvider[];
  readonly cron: Config['cron'];
  readonly pollIntervalMs: number;
}

/** Before the first poll: nothing is known, and nothing is reported as zero. */
export const nothingKnown: Assessment = {
  observedAt: null,
  providers: new Map(),
  sources: new Map(),
  cron: null,
  databaseFailure: null,
  unread: new Map(),
  instants: new Map(),
  complete: false,
  memoryProblem: null,
  silentJournals: [],
};

/** Says what a poll's result means, given what is remembered and what was known before it. */
export function assess(...known: Parameters<typeof assessInSlices>): Assessment {
  return runAtOnce(assessInSlices(...known));
}

/** The same with interruptions: 100,000 tokens are a third of a second of work. */
export function* assessInSlices(
  result: PollResult,
  memories: Memories,
  previous: Assessment,
  config: AssessedConfig,
): Slices<Assessment> {
  if (!result.ok) {
    const sources = sourcesUnreachable(config.sources, previous.sources, result.failure);
    return {
      ...previous,
      sources: byName(sources),
      databaseFailure: result.failure,
      complete: false,
    };
  }
  const { now, providers, surroundings } = result.observation;
  const observed = [...providers.flatMap(({ sources }) => sources), ...surroundings.sources];
  const sources = assessSources(config.sources, observed, previous.sources);
  const assessed = new Map<string, ProviderAssessment>();
  for (const provider of providers) {
    const { name } = provider;
    const assessment = yield* assessProvider(provider, {
      configured: config.providers.find((each) => each.name === name),
      memory: memories.providers.get(name),
      around: surroundings.providers.get(name),
      before: previous.providers.get(name),
      now,
      pollIntervalMs: config.pollIntervalMs,
    });
    assessed.set(name, assessment);
  }
  return {
    observedAt: now,
    providers: assessed,
    sources: byName(sources),
    cron: assessCron(surroundings, memories.cron, previous.cron, config, now),
    databaseFailure: null,
    unread: new Map(),
    instants: previous.instants,
    complete: sources.every(({ up }) => up !== false),
    memoryProblem: memories.problem,
    silentJournals: memories.silentJournals,
  };
}

/** When a provider was last read, by the clock of its database; null: it never was. */
export function observedAtOf(
  { instants, observedAt }: Pick<Assessment, 'instants' | 'observedAt'>,
  provider: string,
): Date | null {
  return instants.size === 0 ? observedAt : (instants.get(provider) ?? null);
}

/** Whether a poll read the database that holds a provider's tokens. */
export function wasRead(
  { databaseFailure, unread }: Pick<Assessment, 'databaseFailure' | 'unread'>,
  { database }: { readonly database: string },
): boolean {
  return databaseFailure === null && !unread.has(database);
}

/** Why databases could not be used, each once; empty where all that were asked could. */
export function databasesAway({ unread }: Pick<Assessment, 'unread'>): readonly DatabaseFailure[] {
  return [...unread.values()].filter((failure) => failure !== null);
}

/** The sources that are down by themselves, and not because their whole database is away. */
export function sourcesDown(
  latest: Pick<Assessment, 'unread' | 'sources'>,
): readonly SourceAssessment[] {
  const isAnyAway = databasesAway(latest).length > 0;
  return [...latest.sources.values()].filter(
    ({ up, state }) => up === false && !(isAnyAway && state === 'unreachable'),
  );
}

/** Names of the sources that could be read at least once. */
export function sourcesSeen({ sources }: Assessment): ReadonlySet<string> {
  return new Set([...sources.values()].filter(wasSeen).map(({ name }) => name));
}

function byName(sources: readonly SourceAssessment[]): ReadonlyMap<string, SourceAssessment> {
  return new Map(sources.map((source) => [source.name, source]));
}
