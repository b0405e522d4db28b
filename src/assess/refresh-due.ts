import type { GrantState } from './grant-state.js';
import { stableJitterMs } from './stable-jitter.js';

const dayMs = 86_400_000;
const shortestLeadMs = 60_000;

/** What decides when a token is refreshed. Instants are by the database's clock. */
export interface RefreshSubject {
  readonly provider: string;
  readonly tokenId: string;
  readonly grant: GrantState;
  /** null: this role may not see whether there is one. */
  readonly hasRefreshToken: boolean | null;
  /** null: none is recorded, neither in the row nor in our memory. Infinity: never expires. */
  readonly expiresAtMs: number | null;
  /** By `chooseLifetime`. */
  readonly lifetimeMs: number | null;
  readonly declaredLifetimeMs: number | null;
  /** Our own last successful refresh. */
  readonly refreshedAtMs: number | null;
  /** The last sync that failed because of the token. */
  readonly syncAuthFailedAtMs: number | null;
  /** End of the backoff. A manual refresh passes null: it bypasses the backoff. */
  readonly notBeforeMs: number | null;
}

/** Why a token has a due time. */
export type DueBecause =
  /** Its expiry minus lead time and jitter. */
  | 'expiry'
  /** No expiry is recorded: the last refresh plus the declared lifetime stands in for it. */
  | 'declared_lifetime'
  /** No expiry is recorded, and the application could not use the token. */
  | 'sync_auth_failure';

/** Why a token is never due as things stand. */
export type NeverDueBecause = 'disabled' | 'dead' | 'no_refresh_token' | 'infinite' | 'no_expiry';

/**
 * Whether to refresh a token now. `dueAtMs` is when it becomes, or became, due: a backoff does not
 * move it, so that a token which can't be refreshed grows overdue. null: no such time.
 */
export type RefreshDecision =
  | { readonly due: true; readonly because: DueBecause; readonly dueAtMs: number }
  | { readonly due: false; readonly because: 'not_yet'; readonly dueAtMs: number }
  | {
      readonly due: false;
      readonly because: 'backing_off';
      readonly dueAtMs: number;
      readonly notBeforeMs: number;
    }
  | { readonly due: false; readonly because: NeverDueBecause; readonly dueAtMs: null };

/**
 * Decides whether a token should be refreshed at `nowMs`.
 *
 * A token whose grant is dead is never due again: repeating an `invalid_grant` cannot succeed and
 * may look like replay to the authorization server (RFC 9700 section 4.14). Neither is one that
 * never expires, or that has no refresh token, or whose row somebody switched off.
 */
export function decideRefresh(
  subject: RefreshSubject,
  nowMs: number,
  pollIntervalMs: number,
): RefreshDecision {
  const { grant, hasRefreshToken, expiresAtMs, notBeforeMs } = subject;
  if (grant === 'disabled' || grant === 'dead') return never(grant);
  if (hasRefreshToken === false) return never('no_refresh_token');
  if (expiresAtMs === Infinity) return never('infinite');
  const next =
    expiresAtMs === null
      ? dueWithoutExpiry(subject, pollIntervalMs)
      : dueBeforeExpiry(subject, expiresAtMs, pollIntervalMs);
  if (next === null) return never('no_expiry');
  const { because, dueAtMs } = next;
  if (nowMs < dueAtMs) return { due: false, because: 'not_yet', dueAtMs };
  if (notBeforeMs !== null && nowMs < notBeforeMs) {
    return { due: false, because: 'backing_off', dueAtMs, notBeforeMs };
  }
  return { due: true, because, dueAtMs };
}

/**
 * How long before its expiry a token is refreshed: a third of its lifetime, at most the runbook's
 * week; at least two polls and a minute, so that a poll may fail; never more than half of its
 * lifetime, so that a short-lived token is not refreshed all the time.
 *
 * Without a known lifetime only the two polls and the minute are left.
 */
export function leadTimeMs(lifetimeMs: number | null, pollIntervalMs: number): number {
  const leastMs = Math.max(2 * pollIntervalMs, shortestLeadMs);
  if (lifetimeMs === null) return leastMs;
  return Math.min(Math.max(Math.min(7 * dayMs, lifetimeMs / 3), leastMs), lifetimeMs / 2);
}

interface Due {
  readonly because: DueBecause;
  readonly dueAtMs: number;
}

function dueBeforeExpiry(
  subject: RefreshSubject,
  expiresAtMs: number,
  pollIntervalMs: number,
): Due {
  const headStartMs = headStart(subject, subject.lifetimeMs, pollIntervalMs);
  return { because: 'expiry', dueAtMs: Math.floor(expiresAtMs - headStartMs) };
}

/** The earlier of what the declared lifetime suggests and what a failed sync proves. */
function dueWithoutExpiry(subject: RefreshSubject, pollIntervalMs: number): Due | null {
  const { declaredLifetimeMs, refreshedAtMs, syncAuthFailedAtMs } = subject;
  let next: Due | null = null;
  if (declaredLifetimeMs !== null && refreshedAtMs !== null) {
    const headStartMs = headStart(subject, declaredLifetimeMs, pollIntervalMs);
    next = {
      because: 'declared_lifetime',
      dueAtMs: Math.floor(refreshedAtMs + declaredLifetimeMs - headStartMs),
    };
  }
  // A sync that failed before the last refresh says nothing about the token of today.
  const failed = syncAuthFailedAtMs !== null && syncAuthFailedAtMs > (refreshedAtMs ?? -Infinity);
  if (failed && syncAuthFailedAtMs < (next?.dueAtMs ?? Infinity)) {
    next = { because: 'sync_auth_failure', dueAtMs: syncAuthFailedAtMs };
  }
  return next;
}

/** Lead time and jitter together: always at least the lead time. */
function headStart(
  { provider, tokenId }: RefreshSubject,
  lifetimeMs: number | null,
  pollIntervalMs: number,
): number {
  const jitterMs = lifetimeMs === null ? 0 : stableJitterMs(provider, tokenId, lifetimeMs);
  return leadTimeMs(lifetimeMs, pollIntervalMs) + jitterMs;
}

function never(because: NeverDueBecause): RefreshDecision {
  return { due: false, because, dueAtMs: null };
}
