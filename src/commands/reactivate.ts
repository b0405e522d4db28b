import { SwitchRefused, whyNotSwitchable } from '../remedy/active-flag.js';
import { chooseReactivation } from '../remedy/reactivate-choice.js';
import type { ReactivateSelector } from '../remedy/reactivate-choice.js';
import { askYes } from './ask-yes.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { printable } from './printable.js';
import { formatReactivation } from './reactivate-format.js';
import { readRemedy, withRemedy } from './remedy-scope.js';
import type { RemedyReading, RemedyScope } from './remedy-scope.js';
import { proveGrants } from './prove-grants.js';
import { switchLines } from './reactivate-lines.js';
import type { ReactivateLine, ReactivateOptions } from './reactivate-lines.js';
import { whyNotTogether } from './switch-pools.js';
import { canBeRefreshed } from './try-refresh.js';

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
  const outcomes = await proveGrants(context, scope, wanted, options);
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
