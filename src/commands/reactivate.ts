import { SwitchRefused, whyNotSwitchable } from '../remedy/active-flag.js';
import { chooseReactivation } from '../remedy/reactivate-choice.js';
import type { ReactivateSelector, ReactivateStep } from '../remedy/reactivate-choice.js';
import { switchRows } from '../remedy/switch-rows.js';
import type { RowSwitch, SwitchResult } from '../remedy/switch-rows.js';
import { DatabaseError } from '../database/explain-database-error.js';
import { recordSwitches } from '../store/switch-events.js';
import type { SwitchByHand } from '../store/switch-events.js';
import { askYes } from './ask-yes.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import type { AccountMode } from '../notify/mask-account.js';
import { printable } from './printable.js';
import { formatReactivation } from './reactivate-format.js';
import { readRemedy, withRemedy } from './remedy-scope.js';
import type { RemedyReading, RemedyScope } from './remedy-scope.js';
import { switchPools, whyNotTogether } from './switch-pools.js';
import type { TokenFacts } from './token-facts.js';
import { canBeRefreshed, tryRefresh } from './try-refresh.js';
import type { RefreshMeans } from './try-refresh.js';

export interface ReactivateOptions extends RefreshMeans {
  /** null: the options name none, or more than one. */
  readonly selector: ReactivateSelector | null;
  readonly provider: string | null;
  readonly yes: boolean;
  /** Without proving the grant. */
  readonly force: boolean;
  readonly reason: string | null;
  readonly json: boolean;
  readonly accounts: AccountMode;
}

/** A row that is meant, what is done with it, and what came of it. */
export interface ReactivateLine {
  readonly facts: TokenFacts;
  readonly step: ReactivateStep;
  /** null: nothing yet. */
  readonly outcome: ReactivateOutcome | null;
}

export interface ReactivateOutcome {
  readonly word: 'reactivated' | 'left inactive' | 'left switched on';
  readonly detail: string;
}

/**
 * `reactivate`: switches rows on again. A grant is proven by a refresh of that one token, for which
 * its row must be on: a row whose refresh fails is switched off again. Ctrl-C stops waiting for
 * refreshes and still puts the rows back.
 */
export async function reactivate(
  context: CommandContext,
  options: ReactivateOptions,
): Promise<ExitCode> {
  const { selector } = options;
  if (selector === null) {
    context.stderr.write(
      'say which rows: --token-id, --user-id, --falsely-deactivated or --undo\n',
    );
    return exitCode.usage;
  }
  const never = new AbortController().signal;
  return withRemedy(
    context,
    options.provider,
    (scope) => run(context, scope, selector, options),
    never,
  );
}

async function run(
  context: CommandContext,
  scope: RemedyScope,
  selector: ReactivateSelector,
  options: ReactivateOptions,
): Promise<ExitCode> {
  const refusal = scope.providers.map(whyNotSwitchable).find((each) => each !== null);
  if (refusal !== undefined) {
    context.stderr.write(`${refusal}\n`);
    return exitCode.usage;
  }
  const reading = await readRemedy(context, scope);
  const { unread, memoryProblem, now } = reading.facts;
  if (unread.length > 0 || memoryProblem !== null) {
    if (memoryProblem !== null) context.stderr.write(`nothing can be recorded: ${memoryProblem}\n`);
    return exitCode.unknown;
  }
  const plan = choose(reading, scope, selector, options);
  const show = (lines: readonly ReactivateLine[], done: boolean) => {
    context.stdout.write(
      formatReactivation(lines, {
        ...options,
        done,
        now,
        severalProviders: scope.providers.length > 1,
      }),
    );
  };
  const named = selector.kind === 'token' || selector.kind === 'user';
  const wanted = plan.filter(({ step }) => step.kind !== 'leave');
  if (wanted.length === 0 || !options.json || !options.yes) show(plan, false);
  if (wanted.length === 0) return named ? exitCode.no : exitCode.fine;
  const apart = whyNotTogether(wanted.map(({ facts }) => facts));
  if (apart !== null) {
    context.stderr.write(`${apart}\n`);
    return exitCode.usage;
  }
  const question = `Switch on ${String(wanted.length)}?`;
  const agreed = options.json ? options.yes : await askYes(context, options.yes, question);
  if (!agreed || context.terminated.aborted) {
    if (!options.json) context.stdout.write('nothing was changed; to do it: --yes\n');
    return exitCode.fine;
  }
  const off = wanted.filter(({ facts }) => !facts.row.active);
  const on = await switchLines(scope, off, true, options, ({ step }) =>
    step.kind === 'prove' ? 'reactivation_tried' : 'reactivated_by_hand',
  );
  if (!on.ok) {
    context.stderr.write(`${printable(on.problem)}\n`);
    return on.error instanceof SwitchRefused ? exitCode.no : exitCode.unknown;
  }
  const outcomes = await prove(context, scope, wanted, options);
  const lines = plan.map((line) => ({ ...line, outcome: outcomes.get(line) ?? null }));
  show(lines, true);
  const words = [...outcomes.values()].map(({ word }) => word);
  if (words.includes('left switched on')) return exitCode.unknown;
  return words.includes('left inactive') ? exitCode.no : exitCode.fine;
}

function choose(
  reading: RemedyReading,
  scope: RemedyScope,
  selector: ReactivateSelector,
  { force }: ReactivateOptions,
): ReactivateLine[] {
  const { now, tokens } = reading.facts;
  return tokens.flatMap((facts) => {
    const canRefresh = canBeRefreshed(scope, facts);
    const last = reading.lastSwitchOf(facts);
    const step = chooseReactivation(facts, last, selector, { canRefresh, force }, now.getTime());
    return step === null ? [] : [{ facts, step, outcome: null }];
  });
}

/** Refreshes what is to be proven, and puts back what is not. */
async function prove(
  context: CommandContext,
  scope: RemedyScope,
  wanted: readonly ReactivateLine[],
  options: ReactivateOptions,
): Promise<Map<ReactivateLine, ReactivateOutcome>> {
  const outcomes = new Map<ReactivateLine, ReactivateOutcome>();
  const tried = wanted.filter(({ step }) => step.kind === 'prove');
  for (const line of wanted) {
    if (line.step.kind !== 'switch_on') continue;
    const detail = line.step.because === 'undo' ? 'undone' : 'forced, not proven';
    outcomes.set(line, { word: 'reactivated', detail });
  }
  const result = await tryRefresh(
    context,
    scope,
    tried.map(({ facts }) => facts),
    options,
  ).catch((error: unknown) => ({ ok: false as const, problem: messageOf(error) }));
  const works: ReactivateLine[] = [];
  const fails: ReactivateLine[] = [];
  const details = new Map<ReactivateLine, string>();
  for (const line of tried) {
    const outcome = result.ok ? (result.outcomes.get(line.facts) ?? null) : null;
    const detail = result.ok ? (outcome?.detail ?? 'no outcome came') : result.problem;
    details.set(line, outcome?.reason == null ? detail : `${outcome.reason}: ${detail}`);
    (outcome?.outcome === 'refreshed' ? works : fails).push(line);
  }
  const back = await putBack(scope, fails, options);
  const unnoted = await noteProven(scope, works, options);
  for (const line of works) {
    const detail = `proven: ${details.get(line) ?? ''}`;
    outcomes.set(
      line,
      unnoted === null
        ? { word: 'reactivated', detail }
        : { word: 'left switched on', detail: `${detail}; not noted in the ledger: ${unnoted}` },
    );
  }
  for (const line of fails) {
    const detail = details.get(line) ?? '';
    outcomes.set(
      line,
      back.ok
        ? { word: 'left inactive', detail }
        : {
            word: 'left switched on',
            detail: `${detail}; it could not be switched off again: ${back.problem}`,
          },
    );
  }
  return outcomes;
}

/** Notes in the ledger what was proven; says why it could not. */
async function noteProven(
  { state }: RemedyScope,
  works: readonly ReactivateLine[],
  { actor, reason }: ReactivateOptions,
): Promise<string | null> {
  if (works.length === 0) return null;
  const lines = works.map((line) => ledgerLine(line, 'reactivated_by_hand', 'proven'));
  try {
    await state.run((query) => recordSwitches(query, lines, actor, reason));
    return null;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return error.message;
  }
}

function putBack(
  scope: RemedyScope,
  fails: readonly ReactivateLine[],
  options: ReactivateOptions,
): Promise<SwitchResult> {
  return switchLines(scope, fails, false, options, () => 'reactivation_failed');
}

async function switchLines(
  scope: RemedyScope,
  lines: readonly ReactivateLine[],
  on: boolean,
  { actor, reason: why }: ReactivateOptions,
  eventOf: (line: ReactivateLine) => SwitchByHand,
): Promise<SwitchResult> {
  if (lines.length === 0) return { ok: true };
  const rows = lines.map((line): RowSwitch => {
    const { facts, step } = line;
    const because = step.kind === 'switch_on' ? step.because : null;
    return {
      ...ledgerLine(line, eventOf(line), because),
      provider: facts.provider,
      expiresAtMs: facts.row.expiresAtMs,
    };
  });
  const pools = switchPools(
    scope,
    lines.map(({ facts }) => facts),
  );
  return switchRows(pools, rows, on, { actor, why });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function ledgerLine({ facts }: ReactivateLine, event: SwitchByHand, reason: string | null) {
  return { provider: facts.provider.name, tokenId: facts.row.id, event, reason };
}
