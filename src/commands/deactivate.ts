import { plural } from '../config/plural.js';
import { SwitchRefused, whyNotSwitchable } from '../remedy/active-flag.js';
import { chooseDeactivation } from '../remedy/deactivate-choice.js';
import type { DeactivateStep } from '../remedy/deactivate-choice.js';
import { switchRows } from '../remedy/switch-rows.js';
import type { SwitchResult } from '../remedy/switch-rows.js';
import { askYes } from './ask-yes.js';
import type { CommandContext } from './command-context.js';
import { formatDeactivation } from './deactivate-format.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import type { AccountMode } from '../notify/mask-account.js';
import { printable } from './printable.js';
import { readRemedy, withRemedy } from './remedy-scope.js';
import type { RemedyReading, RemedyScope } from './remedy-scope.js';
import { switchPools, whyNotTogether } from './switch-pools.js';
import type { TokenFacts } from './token-facts.js';
import { canBeRefreshed, tryRefresh } from './try-refresh.js';
import type { RefreshMeans } from './try-refresh.js';

export interface DeactivateOptions extends RefreshMeans {
  readonly provider: string | null;
  readonly yes: boolean;
  /** Also rows that are not proven dead. */
  readonly force: boolean;
  readonly reason: string | null;
  readonly json: boolean;
  readonly accounts: AccountMode;
}

/** A token and what is done with it. */
export interface DeactivateLine {
  readonly facts: TokenFacts;
  readonly appEmail: string | null;
  readonly step: DeactivateStep;
}

/** `deactivate --expired`: the runbook's Option 2, on what is proven dead, all rows or none. */
export async function deactivate(
  context: CommandContext,
  options: DeactivateOptions,
): Promise<ExitCode> {
  return withRemedy(context, options.provider, async (scope) => {
    const refusal = scope.providers.map(whyNotSwitchable).find((each) => each !== null);
    if (refusal !== undefined) {
      context.stderr.write(`${refusal}\n`);
      return exitCode.usage;
    }
    const first = await readRemedy(context, scope);
    if (first.facts.unread.length > 0) return exitCode.unknown;
    if (first.facts.memoryProblem !== null) {
      context.stderr.write(`nothing can be proven or recorded: ${first.facts.memoryProblem}\n`);
      return exitCode.unknown;
    }
    const plan = choose(first, (facts) => ({
      canRefresh: canBeRefreshed(scope, facts),
      force: options.force,
    }));
    const wanted = plan.filter(({ step }) => step.kind !== 'leave');
    const showPlan = (done: boolean, lines: readonly DeactivateLine[]) => {
      context.stdout.write(
        formatDeactivation(lines, {
          done,
          ...options,
          now: first.facts.now,
          severalProviders: scope.providers.length > 1,
        }),
      );
    };
    if (wanted.length === 0 || !options.json || !options.yes) showPlan(false, plan);
    if (wanted.length === 0) return exitCode.fine;
    const apart = whyNotTogether(wanted.map(({ facts }) => facts));
    if (apart !== null) {
      context.stderr.write(`${apart}\n`);
      return exitCode.usage;
    }
    const question = `Try ${plural(count(plan, 'refresh'), 'refresh', 'refreshes')}, and switch off what is dead?`;
    const agreed = options.json ? options.yes : await askYes(context, options.yes, question);
    if (!agreed) {
      if (!options.json) context.stdout.write('nothing was changed; to do it: --yes\n');
      return exitCode.fine;
    }
    const proven = await refreshFirst(context, scope, plan, options);
    if (proven === null) return exitCode.unknown;
    const chosen = proven.filter(({ step }) => step.kind === 'deactivate');
    const result = await switchOff(scope, chosen, options);
    if (!result.ok) {
      context.stderr.write(`${printable(result.problem)}\n`);
      return result.error instanceof SwitchRefused ? exitCode.no : exitCode.unknown;
    }
    showPlan(true, proven);
    return exitCode.fine;
  });
}

/** Tries to refresh what may live, and decides again by what came of it; null: it could not be tried. */
async function refreshFirst(
  context: CommandContext,
  scope: RemedyScope,
  plan: readonly DeactivateLine[],
  options: DeactivateOptions,
): Promise<DeactivateLine[] | null> {
  const tried = plan.flatMap(({ facts, step }) => (step.kind === 'refresh' ? [facts] : []));
  if (tried.length > 0) {
    context.stderr.write(`refreshing ${String(tried.length)} first\n`);
    const result = await tryRefresh(context, scope, tried, options);
    if (!result.ok) {
      context.stderr.write(`no refresh could be tried: ${result.problem}\n`);
      if (!options.force) return null;
    } else {
      const good = [...result.outcomes.values()].filter((each) => each?.outcome === 'refreshed');
      context.stderr.write(`refreshed ${String(good.length)} of ${String(tried.length)}\n`);
    }
  }
  const planned = new Set(plan.map(({ facts }) => `${facts.provider.name}\n${facts.row.id}`));
  const again = await readRemedy(
    { ...context, stderr: { ...context.stderr, write: () => undefined } },
    scope,
  );
  // What has expired only since the plan was shown was not agreed to.
  return choose(again, () => ({ canRefresh: false, force: options.force })).filter(({ facts }) =>
    planned.has(`${facts.provider.name}\n${facts.row.id}`),
  );
}

function choose(
  reading: RemedyReading,
  optionsFor: (facts: TokenFacts) => { readonly canRefresh: boolean; readonly force: boolean },
): DeactivateLine[] {
  const { now, tokens } = reading.facts;
  return tokens
    .flatMap((facts) => {
      const step = chooseDeactivation(facts, optionsFor(facts), now.getTime());
      if (step === null) return [];
      return [{ facts, step, appEmail: reading.personOf(facts)?.email ?? null }];
    })
    .sort((a, b) => (a.facts.row.expiresAtMs ?? 0) - (b.facts.row.expiresAtMs ?? 0) || 0);
}

function switchOff(
  scope: RemedyScope,
  chosen: readonly DeactivateLine[],
  { actor, reason }: DeactivateOptions,
) {
  const rows = chosen.map(({ facts, step }) => ({
    provider: facts.provider,
    tokenId: facts.row.id,
    expiresAtMs: facts.row.expiresAtMs,
    event: 'deactivated_by_hand' as const,
    reason: step.kind === 'deactivate' ? step.reason : null,
  }));
  if (rows.length === 0) return Promise.resolve<SwitchResult>({ ok: true });
  const pools = switchPools(
    scope,
    chosen.map(({ facts }) => facts),
  );
  return switchRows(pools, rows, false, { actor, why: reason });
}

function count(plan: readonly DeactivateLine[], kind: DeactivateStep['kind']): number {
  return plan.filter(({ step }) => step.kind === kind).length;
}
