import type { ProviderConfig } from '../config/config.js';
import { DatabaseError } from '../database/explain-database-error.js';
import type { DatabaseOf } from '../database/databases.js';
import { instantSince, observeBacklog } from '../observe/backlog.js';
import type { BacklogReading, BacklogSince } from '../observe/backlog.js';
import { readBacklogAsked } from '../store/backlog-asked.js';
import { readProviders } from './read-providers.js';
import type { ProviderReading } from './read-providers.js';
import { memoryRemedies, missesMemory } from './state-database.js';
import type { StateDatabase } from './state-database.js';
import { describeUnread, unreadOf } from './unread-provider.js';

/** The backlog of one provider, and what was asked for it before. */
export interface BacklogFacts extends BacklogReading {
  readonly provider: ProviderConfig;
  /** When the application was asked, successfully, by token; empty where that is not known. */
  readonly askedAtMs: ReadonlyMap<string, number>;
  /** Why it is not known what was asked before; null: it is. */
  readonly memoryProblem: string | null;
}

/**
 * Reads the backlog of each provider. That of a database which can't be used is unknown, at the
 * instant of the others; throws `DatabaseError` where none can.
 */
export async function readBacklogFacts(
  databaseOf: DatabaseOf,
  state: StateDatabase,
  providers: readonly ProviderConfig[],
  since: BacklogSince,
): Promise<BacklogFacts[]> {
  const readings = await readProviders(databaseOf, providers, (database, provider) =>
    observeBacklog(database, provider, since),
  );
  const now = newest(readings);
  const facts: BacklogFacts[] = [];
  for (const { provider, reading } of readings) {
    const read = reading.known
      ? reading.value
      : { now, sinceMs: instantSince(since, now), backlog: reading };
    const asked = await readAsked(state, provider.name, read.sinceMs);
    facts.push({ provider, ...read, ...asked });
  }
  return facts;
}

/** The clock that is ahead, of those that could be read. */
function newest(readings: readonly ProviderReading<BacklogReading>[]): Date {
  const instants = readings.flatMap(({ reading }) =>
    reading.known ? [reading.value.now.getTime()] : [],
  );
  return new Date(Math.max(...instants));
}

async function readAsked(
  state: StateDatabase,
  provider: string,
  sinceMs: number,
): Promise<Pick<BacklogFacts, 'askedAtMs' | 'memoryProblem'>> {
  try {
    const askedAtMs = await state.run((query) => readBacklogAsked(query, provider, sinceMs));
    return { askedAtMs, memoryProblem: null };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const missing = missesMemory(error);
    const memoryProblem = missing === null ? error.message : memoryRemedies[missing];
    return { askedAtMs: new Map(), memoryProblem };
  }
}

/** The providers whose backlog is mapped; or what to tell whoever asked for it. */
export function withBacklog(
  providers: readonly ProviderConfig[],
): { readonly mapped: readonly ProviderConfig[] } | { readonly problem: string } {
  const mapped = providers.filter(({ backlog }) => backlog !== null);
  if (mapped.length > 0) return { mapped };
  const names = providers.map(({ name }) => name).join(', ');
  return {
    problem: `no backlog is configured for ${names}: map backlog to the table whose rows may lack something`,
  };
}

/** Whether nothing can have been missed yet: a year mistyped. */
export function isInFuture(facts: readonly BacklogFacts[]): boolean {
  return facts.some(({ now, sinceMs }) => sinceMs > now.getTime());
}

export const inFuture = '--since lies in the future, by the clock of the database';

/** What could not be found out, a line each, for standard error. */
export function describeUnknown({ provider, backlog }: BacklogFacts): string[] {
  return backlog.known
    ? backlog.notes.map((note) => `${provider.name}: ${note}`)
    : unreadOf(provider, backlog).map(describeUnread);
}
