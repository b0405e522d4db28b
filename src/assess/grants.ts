import type { ProviderConfig } from '../config/config.js';
import type { TokenMemory } from '../store/token-memory.js';
import { grantStates, isFalselyDeactivated } from './grant-state.js';
import type { GrantState } from './grant-state.js';
import { decideRefresh, leadTimeMs } from './refresh-due.js';
import type { RefreshDecision } from './refresh-due.js';
import { refreshSubject } from './refresh-subject.js';
import type { RowFacts } from './refresh-subject.js';

/** What a provider's grants look like, and what is to be refreshed. */
export interface GrantAssessment {
  readonly grants: Readonly<Record<GrantState, number>>;
  readonly falselyDeactivated: number;
  /** Tokens whose refresh should have happened by now and did not. */
  readonly overdue: number;
  /** Every token that has a due time, the earliest first. */
  readonly due: readonly JudgedToken[];
}

export interface JudgedToken {
  readonly tokenId: string;
  readonly dueAtMs: number;
  readonly isDue: boolean;
  readonly expiresAtMs: number | null;
  readonly refreshedAtMs: number | null;
  readonly failedLastTime: boolean;
}

/** A row of the application's table, for judging. */
export interface GrantRow extends RowFacts {
  readonly id: string;
}

const shortestGraceMs = 5 * 60_000;

/**
 * How long after its due time a refresh is overdue: a quarter of the lead time, so that a cohort
 * that is spread over the provider's rate is no alarm, and never less than five minutes.
 */
export function overdueGraceMs(lifetimeMs: number | null, pollIntervalMs: number): number {
  return Math.max(shortestGraceMs, leadTimeMs(lifetimeMs, pollIntervalMs) / 4);
}

/** Judges every grant of a provider at `now`. A row without memory is one of the next poll. */
export function assessGrants(
  provider: Pick<ProviderConfig, 'name' | 'declaredLifetimeMs'>,
  rows: readonly GrantRow[],
  memory: ReadonlyMap<string, TokenMemory>,
  now: Date,
  pollIntervalMs: number,
): GrantAssessment {
  const nowMs = now.getTime();
  const grants = Object.fromEntries(grantStates.map((state) => [state, 0])) as Record<
    GrantState,
    number
  >;
  const due: JudgedToken[] = [];
  let overdue = 0;
  let falselyDeactivated = 0;
  for (const row of rows) {
    if (isFalselyDeactivated(row, nowMs)) falselyDeactivated += 1;
    const remembered = memory.get(row.id);
    if (remembered === undefined) continue;
    const subject = refreshSubject(provider, remembered, row);
    grants[subject.grant] += 1;
    const decision = decideRefresh(subject, nowMs, pollIntervalMs);
    if (isOverdue(decision, overdueGraceMs(subject.lifetimeMs, pollIntervalMs), nowMs))
      overdue += 1;
    if (decision.dueAtMs !== null) {
      due.push({
        tokenId: row.id,
        dueAtMs: decision.dueAtMs,
        isDue: decision.due,
        expiresAtMs: row.expiresAtMs,
        refreshedAtMs: remembered.refreshedAtMs,
        failedLastTime: remembered.failures > 0,
      });
    }
  }
  due.sort((a, b) => a.dueAtMs - b.dueAtMs);
  return { grants, falselyDeactivated, overdue, due };
}

function isOverdue({ dueAtMs }: RefreshDecision, graceMs: number, nowMs: number): boolean {
  return dueAtMs !== null && nowMs > dueAtMs + graceMs;
}
