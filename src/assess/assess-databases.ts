import type { DatabaseFailure } from '../database/explain-database-error.js';
import { assessInSlices, databasesAway } from './assess.js';
import type { AssessedConfig, Assessment, PollResult } from './assess.js';
import type { Memories } from './memories.js';
import type { Slices } from './slices.js';

/** What one database brought to a poll. */
export interface DatabaseResult {
  readonly database: string;
  readonly result: PollResult;
}

/** What the configuration says of one database that an assessment depends on. */
export interface AssessedDatabase {
  readonly name: string;
  readonly sources: AssessedConfig['sources'];
}

/** A configuration whose tokens may lie in several databases. */
export interface AssessedDatabases extends AssessedConfig {
  readonly databases: readonly AssessedDatabase[];
}

/**
 * Says what a poll means that read some of the databases, each at its own instant. Whatever lies in
 * the others stays as it was known; with one database this is `assess`.
 */
export function* assessDatabases(
  results: readonly DatabaseResult[],
  memories: Memories,
  previous: Assessment,
  config: AssessedDatabases,
): Slices<Assessment> {
  const [first] = results;
  if (config.databases.length === 1 && first !== undefined) {
    return yield* assessInSlices(first.result, memories, previous, config);
  }
  let known = previous;
  for (const { database, result } of results) {
    const part = yield* assessInSlices(result, memories, known, configOf(config, database));
    known = {
      ...part,
      providers: new Map([...known.providers, ...part.providers]),
      sources: new Map([...known.sources, ...part.sources]),
    };
  }
  const unread = whatWasNotRead(results, previous, config);
  const instants = readAt(results, previous);
  const away = databasesAway({ unread });
  return {
    ...known,
    ...inOrder(known, config),
    observedAt: newest(instants),
    instants,
    unread,
    databaseFailure: away.length < config.databases.length ? null : (away[0] ?? null),
    complete: isComplete(known, config, away.length),
  };
}

/** Of the jobs only the one database is asked that has them; all providers may use them. */
function configOf(config: AssessedDatabases, database: string): AssessedConfig {
  const sources = config.databases.find(({ name }) => name === database)?.sources ?? [];
  return { ...config, sources, cron: config.cron?.database === database ? config.cron : null };
}

function whatWasNotRead(
  results: readonly DatabaseResult[],
  previous: Assessment,
  { databases }: AssessedDatabases,
): ReadonlyMap<string, DatabaseFailure | null> {
  const unread = new Map<string, DatabaseFailure | null>();
  for (const { name } of databases) {
    const result = results.find(({ database }) => database === name)?.result;
    if (result === undefined) unread.set(name, previous.unread.get(name) ?? null);
    else if (!result.ok) unread.set(name, result.failure);
  }
  return unread;
}

/** Databases answer in any order; what is shown of them has one. */
function inOrder(
  { providers, sources }: Assessment,
  config: AssessedDatabases,
): Pick<Assessment, 'providers' | 'sources'> {
  return {
    providers: new Map(
      config.providers.flatMap(({ name }) => {
        const provider = providers.get(name);
        return provider === undefined ? [] : [[name, provider] as const];
      }),
    ),
    sources: new Map(
      config.sources.flatMap(({ name }) => {
        const source = sources.get(name);
        return source === undefined ? [] : [[name, source] as const];
      }),
    ),
  };
}

function readAt(
  results: readonly DatabaseResult[],
  { instants }: Assessment,
): ReadonlyMap<string, Date> {
  const read = results.flatMap(({ result }) =>
    result.ok
      ? result.observation.providers.map(({ name }) => [name, result.observation.now] as const)
      : [],
  );
  return new Map([...instants, ...read]);
}

/** The clocks of several databases differ a little; the one that is ahead tells the time. */
function newest(instants: ReadonlyMap<string, Date>): Date | null {
  return [...instants.values()].reduce<Date | null>((a, b) => (a === null || b > a ? b : a), null);
}

/** A database that has never answered has no sources yet, which is not the same as well. */
function isComplete(
  { sources }: Assessment,
  config: AssessedDatabases,
  databasesAway: number,
): boolean {
  if (databasesAway > 0) return false;
  const isThere = config.sources.every(({ name, optional }) => optional || sources.has(name));
  return isThere && [...sources.values()].every(({ up }) => up !== false);
}
