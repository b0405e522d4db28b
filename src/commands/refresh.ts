import type { ProviderConfig } from '../config/config.js';
import { DatabaseError } from '../database/explain-database-error.js';
import type { DatabaseOf } from '../database/databases.js';
import type { ForcedOutcome } from '../refresh/forced-outcome.js';
import { refreshedProviders } from '../refresh/start-refreshing.js';
import { describeDecision } from '../remedy/describe-decision.js';
import { refuseProvider } from '../remedy/refuse-refresh.js';
import { askServe } from './ask-serve.js';
import { prepareConnection } from './command-context.js';
import type { CommandContext, ReadyToConnect } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { osUser } from './os-user.js';
import { printable } from './printable.js';
import { refreshHere } from './refresh-here.js';
import { selectTokens } from './select-tokens.js';
import type { SelectedToken, TokenSelector } from './select-tokens.js';
import { withDatabases } from './state-database.js';
import type { StateDatabase } from './state-database.js';
import { formatTable } from './table.js';
import { readTokenFacts } from './token-facts.js';
import type { FactsReading, TokenFacts } from './token-facts.js';
import { selectProviders } from './select-providers.js';
import { describeUnread } from './unread-provider.js';

export interface RefreshOptions {
  readonly tokenId: string | null;
  readonly userId: string | null;
  readonly due: boolean;
  readonly provider: string | null;
  readonly dryRun: boolean;
  /** In this process instead of the running exporter. */
  readonly here: boolean;
  /** How long to wait for a running exporter to take a request. */
  readonly patienceMs: number;
}

/** What came of the tokens, by provider and id; null: nobody took the request, or nobody said. */
export type RefreshResult =
  | { readonly ok: true; readonly outcomes: ReadonlyMap<TokenFacts, ForcedOutcome | null> }
  | { readonly ok: false; readonly problem: string };

/** `refresh`: tries tokens now because a person wants it, and says what came of each. */
export async function refresh(context: CommandContext, options: RefreshOptions): Promise<ExitCode> {
  const usage = (text: string): ExitCode => {
    context.stderr.write(`${text}\n`);
    return exitCode.usage;
  };
  const selector = toSelector(options);
  if (selector === null) {
    return usage('say which tokens: --token-id, --user-id or --due, or all of one --provider');
  }
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  const { config } = ready;
  const selected = selectProviders(config.providers, options.provider);
  if ('problem' in selected) return usage(selected.problem);
  const { providers } = selected;
  const on = refreshedProviders(config).map(({ name }) => name);
  const refusal = options.dryRun ? null : whyNotRefreshed(providers, on);
  if (refusal !== null) return usage(refusal);

  try {
    return await withDatabases(ready, context.terminated, async ({ of: databaseOf }, state) => {
      const scope = options.dryRun ? providers : providers.filter(({ name }) => on.includes(name));
      const reading = await readTokenFacts(databaseOf, state, scope, config.pollIntervalMs);
      const selected = selectTokens(reading.tokens, selector);
      for (const each of reading.unread)
        context.stderr.write(`${printable(describeUnread(each))}\n`);
      if (options.dryRun) return dryRun(context, reading, selected);
      return tryTokens(context, ready, options, selector, reading, selected, databaseOf, state);
    });
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    context.stderr.write(`${error.message}\n`);
    return exitCode.unknown;
  }
}

function toSelector({ tokenId, userId, due, provider }: RefreshOptions): TokenSelector | null {
  const wanted: TokenSelector[] = [];
  if (tokenId !== null) wanted.push({ kind: 'token', id: tokenId });
  if (userId !== null) wanted.push({ kind: 'user', subject: userId });
  if (due) wanted.push({ kind: 'due' });
  if (wanted.length === 0 && provider !== null) return { kind: 'all' };
  return wanted.length === 1 ? (wanted[0] ?? null) : null;
}

function whyNotRefreshed(
  providers: readonly ProviderConfig[],
  on: readonly string[],
): string | null {
  if (providers.some(({ name }) => on.includes(name))) return null;
  const reasons = providers.map((provider) => {
    const reason = refuseProvider(provider) ?? '';
    return provider.refresh === null
      ? reason
      : `${reason}; with --dry-run this says what would be refreshed`;
  });
  return reasons.join('\n');
}

function dryRun(
  context: CommandContext,
  { unread, memoryProblem }: FactsReading,
  selected: readonly SelectedToken[],
): ExitCode {
  if (memoryProblem !== null) context.stderr.write(`${memoryProblem}\n`);
  const rows = selected.map(({ facts, leftAlone }) => [
    ...nameOf(facts),
    leftAlone === null ? 'yes' : 'no',
    leftAlone === null || leftAlone === 'not due' ? describeDecision(facts.decision) : leftAlone,
  ]);
  const count = selected.filter(({ leftAlone }) => leftAlone === null).length;
  const header = ['provider', 'token_id', 'account', 'refresh', 'why'];
  context.stdout.write(
    `${formatTable(header, rows)}\n\nwould refresh ${String(count)} of ${String(rows.length)}; nothing was touched\n`,
  );
  return unread.length > 0 ? exitCode.unknown : exitCode.fine;
}

async function tryTokens(
  context: CommandContext,
  ready: ReadyToConnect,
  options: RefreshOptions,
  selector: TokenSelector,
  { unread, memoryProblem, memoryAway }: FactsReading,
  selected: readonly SelectedToken[],
  databaseOf: DatabaseOf,
  state: StateDatabase,
): Promise<ExitCode> {
  const named = selector.kind === 'token' || selector.kind === 'user';
  const wanted = selected.filter(({ leftAlone }) => leftAlone === null).map(({ facts }) => facts);
  const others = selector.kind === 'due' ? [] : selected.filter((each) => each.leftAlone !== null);
  if (wanted.length === 0 && others.length === 0) {
    context.stdout.write(named ? 'there is no such token\n' : 'nothing is due\n');
    if (unread.length > 0) return exitCode.unknown;
    return named ? exitCode.no : exitCode.fine;
  }
  if (memoryProblem !== null && (memoryAway || !options.here) && wanted.length > 0) {
    context.stderr.write(`${memoryProblem}\n`);
    return exitCode.unknown;
  }
  let outcomes: ReadonlyMap<TokenFacts, ForcedOutcome | null> = new Map();
  if (wanted.length > 0) {
    const result = options.here
      ? await refreshHere(ready, databaseOf, state.pool, wanted)
      : await askServe(state, wanted, osUser(), options.patienceMs, context.terminated);
    if (!result.ok) {
      context.stderr.write(`${result.problem}\n`);
      return exitCode.unknown;
    }
    outcomes = result.outcomes;
  }
  context.stdout.write(formatOutcomes(outcomes, others));
  const all = [...outcomes.values()];
  if (unread.length > 0 || all.includes(null)) return exitCode.unknown;
  const failed = all.some((each) => each?.outcome !== 'refreshed');
  return failed || (named && others.length > 0) ? exitCode.no : exitCode.fine;
}

/** The table, and below it what is too long for it: each text once, with the tokens it is about. */
function formatOutcomes(
  outcomes: ReadonlyMap<TokenFacts, ForcedOutcome | null>,
  others: readonly SelectedToken[],
): string {
  const rows: string[][] = [];
  const details = new Map<string, string[]>();
  const add = (facts: TokenFacts, word: string, detail: string, isNews: boolean) => {
    rows.push([...nameOf(facts), word, isNews ? '' : detail]);
    if (isNews) details.set(detail, [...(details.get(detail) ?? []), facts.row.id]);
  };
  for (const [facts, outcome] of outcomes) {
    if (outcome === null) {
      add(facts, 'no answer', 'no outcome came: see explain', true);
      continue;
    }
    const word = outcome.outcome.replaceAll('_', ' ');
    const reason = outcome.reason === null ? '' : `: ${outcome.reason}`;
    add(facts, `${word}${reason}`, outcome.detail, outcome.outcome !== 'refreshed');
  }
  for (const { facts, leftAlone } of others) add(facts, 'left alone', leftAlone ?? '', true);
  const notes = [...details].map(
    ([detail, ids]) =>
      `${ids.length <= 3 ? ids.join(', ') : `${String(ids.length)} tokens`}: ${detail}`,
  );
  const refreshed = [...outcomes.values()].filter((each) => each?.outcome === 'refreshed').length;
  const table = formatTable(['provider', 'token_id', 'account', 'outcome', 'detail'], rows);
  const total = `refreshed ${String(refreshed)} of ${String(rows.length)}`;
  return `${[table, '', ...notes.map(printable), ...(notes.length > 0 ? [''] : []), total].join('\n')}\n`;
}

function nameOf({ provider, row, account }: TokenFacts): string[] {
  return [provider.name, row.id, account ?? ''];
}
