import type { ClosedClaim } from '../store/close-claims.js';
import type { TokenMemory } from '../store/token-memory.js';
import { backoffMs } from './backoff.js';
import type { AttemptOutcome } from './breaker-after.js';
import type { FailureReason } from './failure-reason.js';
import { judgeInvalidGrant } from './judge-invalid-grant.js';

/** What came of one claimed token. Instants are by the database's clock. Holds no secret. */
export type RefreshOutcome =
  | {
      readonly kind: 'refreshed';
      readonly atMs: number;
      /** null: the answer told none. */
      readonly expiresAtMs: number | null;
      readonly expiresInMs: number | null;
      /** Of the refresh token that is in the row now. */
      readonly fingerprint: string;
      /** The answer came from the journal, after a crash. */
      readonly recovered: boolean;
    }
  | {
      readonly kind: 'failed';
      readonly atMs: number;
      readonly reason: FailureReason;
      readonly detail: string;
      /** Of the refresh token that was used; null when there was none. */
      readonly fingerprint: string | null;
      /** Of the refresh token in the row after an `invalid_grant`. */
      readonly currentFingerprint: string | null;
      readonly retryAfterMs: number | null;
    }
  /** Somebody else refreshed it first, and theirs stays. */
  | { readonly kind: 'superseded'; readonly atMs: number }
  /** Nothing was sent. */
  | { readonly kind: 'released'; readonly because: ReleaseReason };

export type ReleaseReason =
  'not_due' | 'busy' | 'gone' | 'changed' | 'journal' | 'database' | 'unsent';

export interface OutcomePolicy {
  readonly confirmAfterMs: number;
  /** 0..1. */
  readonly random: number;
}

/** What an outcome means for the memory of the token, and for the health of its provider. */
export interface Remembered {
  readonly closed: ClosedClaim;
  readonly attempt: AttemptOutcome;
}

/** Works out what to remember of an outcome. */
export function remember(
  memory: TokenMemory,
  outcome: RefreshOutcome,
  policy: OutcomePolicy,
): Remembered {
  switch (outcome.kind) {
    case 'released':
      return { closed: close(memory, null), attempt: { kind: 'unsent' } };
    case 'superseded':
      return {
        closed: close({ ...memory, suspectedAtMs: null, notBeforeMs: null }, 'superseded'),
        attempt: { kind: 'failed', reason: 'superseded' },
      };
    case 'refreshed':
      return {
        closed: close(afterRefresh(memory, outcome), outcome.recovered ? 'recovered' : 'refreshed'),
        attempt: { kind: 'refreshed' },
      };
    case 'failed':
      return outcome.reason === 'invalid_grant'
        ? afterInvalidGrant(memory, outcome, policy)
        : afterFailure(memory, outcome, policy);
  }
}

type Refreshed = Extract<RefreshOutcome, { kind: 'refreshed' }>;
type Failed = Extract<RefreshOutcome, { kind: 'failed' }>;

function afterRefresh(memory: TokenMemory, outcome: Refreshed): TokenMemory {
  return {
    ...memory,
    expiresAtMs: outcome.expiresAtMs ?? memory.expiresAtMs,
    expiryMovedAtMs: outcome.expiresAtMs === null ? memory.expiryMovedAtMs : outcome.atMs,
    refreshedAtMs: outcome.atMs,
    expiresInMs: outcome.expiresInMs ?? memory.expiresInMs,
    failures: 0,
    failureReason: null,
    notBeforeMs: null,
    fingerprint: outcome.fingerprint,
    suspectedAtMs: null,
    deadSinceMs: null,
  };
}

function afterFailure(memory: TokenMemory, outcome: Failed, policy: OutcomePolicy): Remembered {
  const failures = memory.failures + 1;
  const remainingMs = memory.expiresAtMs === null ? null : memory.expiresAtMs - outcome.atMs;
  const waitMs = Math.max(
    backoffMs(failures, remainingMs, policy.random),
    outcome.retryAfterMs ?? 0,
  );
  const next = {
    ...failed(memory, outcome),
    failures,
    notBeforeMs: Math.round(outcome.atMs + waitMs),
  };
  return {
    closed: close(next, 'failed', outcome.reason, outcome.detail),
    attempt: { kind: 'failed', reason: outcome.reason },
  };
}

function afterInvalidGrant(
  memory: TokenMemory,
  outcome: Failed,
  policy: OutcomePolicy,
): Remembered {
  const { atMs, fingerprint, currentFingerprint } = outcome;
  const earlier =
    memory.suspectedAtMs !== null && memory.fingerprint !== null
      ? { suspectedAtMs: memory.suspectedAtMs, fingerprint: memory.fingerprint }
      : null;
  const answer = { atMs, usedFingerprint: fingerprint ?? '', currentFingerprint };
  const verdict = judgeInvalidGrant(earlier, answer, policy.confirmAfterMs);
  const next = failed(memory, outcome);
  switch (verdict.kind) {
    case 'superseded':
      return remember(memory, { kind: 'superseded', atMs }, policy);
    case 'suspected': {
      const suspected = {
        ...next,
        failures: memory.failures + 1,
        suspectedAtMs: verdict.suspicion.suspectedAtMs,
        notBeforeMs: verdict.notBeforeMs,
      };
      return {
        closed: close(suspected, 'failed', outcome.reason, outcome.detail),
        attempt: { kind: 'suspected', notBeforeMs: verdict.notBeforeMs },
      };
    }
    case 'dead':
      return {
        closed: close(
          { ...next, failures: memory.failures + 1, deadSinceMs: memory.deadSinceMs ?? atMs },
          'died',
          outcome.reason,
          outcome.detail,
        ),
        attempt: { kind: 'dead' },
      };
  }
}

function failed(memory: TokenMemory, outcome: Failed): TokenMemory {
  return {
    ...memory,
    failureReason: outcome.reason,
    failedAtMs: outcome.atMs,
    fingerprint: outcome.fingerprint,
  };
}

function close(
  memory: TokenMemory,
  event: string | null,
  reason: string | null = null,
  detail: string | null = null,
): ClosedClaim {
  return { memory, event, reason, detail };
}
