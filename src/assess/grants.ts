import type { TokenMemory } from '../store/token-memory.js';
import { assessToken } from './assessed-token.js';
import type { AssessedProvider, AssessedToken, GrantRow } from './assessed-token.js';
import { grantStates, isFalselyDeactivated } from './grant-state.js';
import type { GrantState } from './grant-state.js';
import { runAtOnce, sliceSize, sortInSlices } from './slices.js';
import type { Slices } from './slices.js';
import { findUnrefreshed } from './unrefreshed.js';
import type { Unrefreshed } from './unrefreshed.js';

/** What a provider's grants look like, and what is to be refreshed. */
export interface GrantAssessment {
  readonly grants: Readonly<Record<GrantState, number>>;
  readonly falselyDeactivated: number;
  /** Tokens whose refresh should have happened by now and did not. */
  readonly overdue: number;
  /** Every token that has a due time, the earliest first. */
  readonly due: readonly JudgedToken[];
  /** Every token that is remembered, in no particular order. */
  readonly tokens: readonly AssessedToken[];
  /** Those of them that are in use. */
  readonly active: readonly AssessedToken[];
  /** The active ones that nobody refreshes. */
  readonly unrefreshed: Unrefreshed;
}

export interface JudgedToken {
  readonly tokenId: string;
  readonly dueAtMs: number;
  readonly isDue: boolean;
  readonly expiresAtMs: number | null;
  readonly refreshedAtMs: number | null;
  readonly failedLastTime: boolean;
}

/** Judges every grant of a provider at `now`. A row without memory is one of the next poll. */
export function assessGrants(...known: Parameters<typeof assessGrantsInSlices>): GrantAssessment {
  return runAtOnce(assessGrantsInSlices(...known));
}

/** The same with interruptions. */
export function* assessGrantsInSlices(
  provider: AssessedProvider,
  rows: Iterable<GrantRow>,
  memory: ReadonlyMap<string, TokenMemory>,
  now: Date,
  pollIntervalMs: number,
): Slices<GrantAssessment> {
  const nowMs = now.getTime();
  const grants = Object.fromEntries(grantStates.map((state) => [state, 0])) as Record<
    GrantState,
    number
  >;
  const due: JudgedToken[] = [];
  const tokens: AssessedToken[] = [];
  const active: AssessedToken[] = [];
  let overdue = 0;
  let falselyDeactivated = 0;
  for (const row of rows) {
    if (isFalselyDeactivated(row, nowMs)) falselyDeactivated += 1;
    const remembered = memory.get(row.id);
    if (remembered === undefined) continue;
    const token = assessToken(provider, row, remembered, nowMs, pollIntervalMs);
    tokens.push(token);
    if (token.active) active.push(token);
    grants[token.grant] += 1;
    if (token.isOverdue) overdue += 1;
    if (token.decision.dueAtMs !== null) due.push(judged(token, token.decision.dueAtMs));
    if (tokens.length % sliceSize === 0) yield;
  }
  const earliestFirst = yield* sortInSlices(due, (a, b) => a.dueAtMs - b.dueAtMs);
  const unrefreshed = yield* findUnrefreshed(provider, tokens, nowMs);
  return { grants, falselyDeactivated, overdue, due: earliestFirst, tokens, active, unrefreshed };
}

function judged(token: AssessedToken, dueAtMs: number): JudgedToken {
  return {
    tokenId: token.tokenId,
    dueAtMs,
    isDue: token.decision.due,
    expiresAtMs: token.expiresAtMs,
    refreshedAtMs: token.memory.refreshedAtMs,
    failedLastTime: token.memory.failures > 0,
  };
}
