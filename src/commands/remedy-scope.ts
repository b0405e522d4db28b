import type { ProviderConfig } from '../config/config.js';
import { DatabaseError } from '../database/explain-database-error.js';
import type { Databases } from '../database/databases.js';
import { readPeople } from '../remedy/read-people.js';
import type { Person } from '../remedy/read-people.js';
import type { ReconnectContext } from '../remedy/reconnect-list.js';
import { readLastSwitches } from '../store/switch-events.js';
import type { SwitchEvent } from '../store/switch-events.js';
import { prepareConnection } from './command-context.js';
import type { CommandContext, ReadyToConnect } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { printable } from './printable.js';
import { missesMemory, withDatabases } from './state-database.js';
import type { StateDatabase } from './state-database.js';
import { readTokenFacts } from './token-facts.js';
import type { FactsReading } from './token-facts.js';
import { selectProviders } from './select-providers.js';
import { describeUnread } from './unread-provider.js';

/** What a remedy works with. */
export interface RemedyScope {
  readonly ready: ReadyToConnect;
  readonly providers: readonly ProviderConfig[];
  readonly databases: Databases;
  readonly state: StateDatabase;
}

/**
 * Runs a remedy on all providers, or the one that is named. Whatever keeps the database from being
 * used is told on standard error. `ending` is what cuts the work off: null lets it end by itself.
 */
export async function withRemedy(
  context: CommandContext,
  providerName: string | null,
  work: (scope: RemedyScope) => Promise<ExitCode>,
  ending: AbortSignal = context.terminated,
): Promise<ExitCode> {
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  const selected = selectProviders(ready.config.providers, providerName);
  if ('problem' in selected) {
    context.stderr.write(`${selected.problem}\n`);
    return exitCode.usage;
  }
  const { providers } = selected;
  try {
    return await withDatabases(ready, ending, (databases, state) =>
      work({ ready, providers, databases, state }),
    );
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    context.stderr.write(`${error.message}\n`);
    return exitCode.unknown;
  }
}

/** The tokens, and what is known beside them. */
export interface RemedyReading extends ReconnectContext {
  readonly facts: FactsReading;
  /** Why people's addresses are not known; empty: they are. */
  readonly peopleProblems: readonly string[];
}

/** Reads tokens, people and the last switches, and tells on standard error what could not be read. */
export async function readRemedy(
  context: CommandContext,
  { ready, providers, databases, state }: RemedyScope,
): Promise<RemedyReading> {
  const facts = await readTokenFacts(databases.of, state, providers, ready.config.pollIntervalMs);
  const people = new Map<string, ReadonlyMap<string, Person>>();
  const switches = new Map<string, ReadonlyMap<string, SwitchEvent>>();
  const peopleProblems: string[] = [];
  const notes: string[] = [];
  for (const provider of providers) {
    const { name, people: table } = provider;
    switches.set(name, facts.memoryAway ? new Map() : await readSwitches(state, name));
    // Whose tokens could not be read is nobody to write to, and the database may be away.
    const isUnread = facts.unread.some((each) => each.provider === name);
    if (table === null || isUnread) continue;
    const subjects = facts.tokens.flatMap(({ provider, row }) =>
      provider.name === name && row.subject !== null ? [row.subject] : [],
    );
    const read = await readPeople(databases.of(provider), table, subjects);
    if (read.known) {
      people.set(name, read.value);
      notes.push(...read.notes.map((note) => `${name}: ${note}`));
    } else {
      peopleProblems.push(
        `${name}: no address of the application's own: ${read.reason}; ${read.remedy}`,
      );
    }
  }
  for (const line of [...facts.unread.map(describeUnread), ...peopleProblems, ...notes]) {
    context.stderr.write(`${printable(line)}\n`);
  }
  return {
    facts,
    peopleProblems,
    personOf: ({ provider, row }) => people.get(provider.name)?.get(row.subject ?? '') ?? null,
    lastSwitchOf: ({ provider, row }) => switches.get(provider.name)?.get(row.id) ?? null,
  };
}

async function readSwitches(
  state: StateDatabase,
  provider: string,
): Promise<ReadonlyMap<string, SwitchEvent>> {
  try {
    return await state.run((query) => readLastSwitches(query, provider));
  } catch (error) {
    if (missesMemory(error) === null) throw error;
    return new Map();
  }
}
