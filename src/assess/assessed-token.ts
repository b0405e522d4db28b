import type { ProviderConfig } from '../config/config.js';
import type { TokenMemory } from '../store/token-memory.js';
import { isEffectivelyExpired } from './effectively-expired.js';
import { isFalselyDeactivated } from './grant-state.js';
import type { GrantState } from './grant-state.js';
import { decideRefresh, leadTimeMs } from './refresh-due.js';
import type { RefreshDecision } from './refresh-due.js';
import { refreshSubject } from './refresh-subject.js';
import type { RowFacts } from './refresh-subject.js';

/** A row of the application's table, for judging. */
export interface GrantRow extends RowFacts {
  readonly id: string;
  readonly subject: string | null;
  readonly account: string | null;
}

/** What of a provider's configuration a token is judged by. */
export type AssessedProvider = Pick<
  ProviderConfig,
  'name' | 'declaredLifetimeMs' | 'expiringSoonMs' | 'refresh' | 'syncs'
>;

/** One token, on both axes. */
export interface AssessedToken {
  readonly tokenId: string;
  /** Whom it belongs to; null where the column is NULL. */
  readonly subject: string | null;
  /** What a person would recognise it by. Personal data: masked before anyone sees it. */
  readonly account: string | null;
  readonly active: boolean;
  /** null: none is recorded; ±Infinity for Postgres' infinity. */
  readonly expiresAtMs: number | null;
  readonly hasRefreshToken: boolean | null;
  readonly grant: GrantState;
  readonly lifetimeMs: number | null;
  readonly decision: RefreshDecision;
  /** Its refresh should have happened by now and did not. */
  readonly isOverdue: boolean;
  readonly isFalselyDeactivated: boolean;
  /** Its expiry is an outage: nobody refreshed what should have been refreshed. */
  readonly isEffectivelyExpired: boolean;
  /** Keeping its access token alive is our job. */
  readonly isRefreshedByUs: boolean;
  readonly memory: TokenMemory;
}

const shortestGraceMs = 5 * 60_000;

/**
 * How long after its due time a refresh is overdue: a quarter of the lead time, so that a cohort
 * that is spread over the provider's rate is no alarm, and never less than five minutes.
 */
export function overdueGraceMs(lifetimeMs: number | null, pollIntervalMs: number): number {
  return Math.max(shortestGraceMs, leadTimeMs(lifetimeMs, pollIntervalMs) / 4);
}

/** Judges one token at `nowMs`, given its row and what is remembered of it. */
export function assessToken(
  provider: AssessedProvider,
  row: GrantRow,
  memory: TokenMemory,
  nowMs: number,
  pollIntervalMs: number,
): AssessedToken {
  const subject = refreshSubject(provider, memory, row);
  const decision = decideRefresh(subject, nowMs, pollIntervalMs);
  const isRefreshedByUs = provider.refresh?.mode === 'on' && subject.hasRefreshToken !== false;
  const graceMs = overdueGraceMs(subject.lifetimeMs, pollIntervalMs);
  return {
    tokenId: row.id,
    subject: row.subject,
    account: row.account,
    active: row.active,
    expiresAtMs: row.expiresAtMs,
    hasRefreshToken: row.hasRefreshToken,
    grant: subject.grant,
    lifetimeMs: subject.lifetimeMs,
    decision,
    isOverdue: decision.dueAtMs !== null && nowMs > decision.dueAtMs + graceMs,
    isFalselyDeactivated: isFalselyDeactivated(row, nowMs),
    isEffectivelyExpired: isEffectivelyExpired(
      {
        active: row.active,
        expiresAtMs: subject.expiresAtMs,
        refreshedByUs: isRefreshedByUs,
        syncFailedForAuth: subject.syncAuthFailedAtMs !== null,
      },
      nowMs,
    ),
    isRefreshedByUs,
    memory,
  };
}
