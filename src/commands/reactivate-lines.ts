import type { AccountMode } from '../notify/mask-account.js';
import type { ReactivateSelector, ReactivateStep } from '../remedy/reactivate-choice.js';
import { switchRows } from '../remedy/switch-rows.js';
import type { RowSwitch, SwitchResult } from '../remedy/switch-rows.js';
import type { SwitchByHand } from '../store/switch-events.js';
import type { RemedyScope } from './remedy-scope.js';
import { switchPools } from './switch-pools.js';
import type { TokenFacts } from './token-facts.js';
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

/** Switches the rows of these lines, all or none, each with its line in the ledger. */
export async function switchLines(
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

/** What the ledger says of one. */
export function ledgerLine({ facts }: ReactivateLine, event: SwitchByHand, reason: string | null) {
  return { provider: facts.provider.name, tokenId: facts.row.id, event, reason };
}
