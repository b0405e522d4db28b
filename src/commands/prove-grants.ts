import { DatabaseError } from '../database/explain-database-error.js';
import { recordSwitches } from '../store/switch-events.js';
import type { CommandContext } from './command-context.js';
import { ledgerLine, switchLines } from './reactivate-lines.js';
import type { ReactivateLine, ReactivateOptions, ReactivateOutcome } from './reactivate-lines.js';
import type { RemedyScope } from './remedy-scope.js';
import { tryRefresh } from './try-refresh.js';

/** Refreshes what is to be proven, and puts back what is not. */
export async function proveGrants(
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
  const back = await switchLines(scope, fails, false, options, () => 'reactivation_failed');
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
    await state.run((query) => recordSwitches(query, lines, actor, reason, null));
    return null;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return error.message;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
