import { closedBreaker } from './breaker.js';
import type { Breaker, BreakerPhase, RecordedAttempt } from './breaker.js';
import { failureScope } from './failure-reason.js';
import type { FailureReason } from './failure-reason.js';

const minuteMs = 60_000;
const windowMs = 10 * minuteMs;
const fewestAttempts = 5;
const openMs = 5 * minuteMs;
/** Older attempts are forgotten: however many succeeded before, ten failures in a row are enough. */
const rememberedAttempts = 20;
/** Where all that is remembered succeeded, one more success in this time adds nothing. */
const successesApartMs = 1_000;
/** Different canaries that must die before all grants are taken for dead. */
const canariesOfMassDeath = 3;

/** How an attempt ended. For an app endpoint an attempt is a call, not a row. */
export type AttemptOutcome =
  | { readonly kind: 'refreshed' }
  | { readonly kind: 'failed'; readonly reason: FailureReason }
  /** `invalid_grant` for the first time; may be confirmed at `notBeforeMs`. */
  | { readonly kind: 'suspected'; readonly notBeforeMs: number }
  /** `invalid_grant`, confirmed. */
  | { readonly kind: 'dead' }
  /** Nothing was sent. */
  | { readonly kind: 'unsent' };

/** What an attempt did to the breaker. */
export type BreakerChange = 'suspected' | 'cleared' | 'opened' | 'closed' | 'mass_death';

/** The breaker after an event, and what became of it; null when it stayed as it was. */
export interface BreakerStep {
  readonly breaker: Breaker;
  readonly change: BreakerChange | null;
}

/**
 * Takes an attempt into account.
 *
 * On `closed` the transient backoffs of the provider's tokens are to be cleared: what they waited
 * for is over.
 */
export function breakerAfter(
  breaker: Breaker,
  attempt: { readonly tokenId: string; readonly atMs: number; readonly outcome: AttemptOutcome },
): BreakerStep {
  const { tokenId, atMs, outcome } = attempt;
  if (outcome.kind === 'refreshed') return afterSuccess(breaker, atMs);
  const probed = breaker.probe?.tokenId === tokenId;
  const released = probed ? { ...breaker, probe: null } : breaker;
  if (outcome.kind === 'unsent') {
    return { breaker: withoutConfirming(released, tokenId), change: null };
  }
  const reason = outcome.kind === 'failed' ? outcome.reason : 'invalid_grant';
  if (saysNothing(reason)) return { breaker: withoutConfirming(released, tokenId), change: null };
  const { phase } = breaker;
  // That grants are dead is known by then.
  if (phase.kind === 'mass_death' && reason === 'invalid_grant') return { breaker, change: null };

  const next = remember(released, { reason, atMs });
  switch (phase.kind) {
    case 'closed':
    case 'mass_death':
      return trip(next, atMs);
    case 'suspect':
      if (!probed) return { breaker: next, change: null };
      return { breaker: openUntil(next, phase.reason, atMs + openMs), change: 'opened' };
    case 'open':
      if (!probed) return { breaker: next, change: null };
      return afterCanary(next, phase.reason, tokenId, atMs, outcome);
  }
}

function afterSuccess(breaker: Breaker, atMs: number): BreakerStep {
  switch (breaker.phase.kind) {
    case 'closed': {
      const next = isSteady(breaker, atMs) ? breaker : remember(breaker, { reason: null, atMs });
      return { breaker: next, change: null };
    }
    case 'suspect':
    case 'mass_death':
      return { breaker: closedBreaker, change: 'cleared' };
    case 'open':
      return { breaker: closedBreaker, change: 'closed' };
  }
}

/** Thousands of successes a second would otherwise write the row that all replicas wait for. */
function isSteady({ attempts }: Breaker, atMs: number): boolean {
  const lastAtMs = attempts.at(-1)?.atMs ?? -Infinity;
  return (
    attempts.length === rememberedAttempts &&
    attempts.every(({ reason }) => reason === null) &&
    atMs < lastAtMs + successesApartMs
  );
}

function remember(breaker: Breaker, attempt: RecordedAttempt): Breaker {
  const attempts = [...breaker.attempts, attempt]
    .filter(({ atMs }) => atMs > attempt.atMs - windowMs)
    .slice(-rememberedAttempts);
  return { ...breaker, attempts };
}

function trip(breaker: Breaker, atMs: number): BreakerStep {
  const reason = sharedReason(breaker.attempts);
  if (reason === null) return { breaker, change: null };
  const phase: BreakerPhase = { kind: 'suspect', reason, untilMs: atMs + openMs };
  return { breaker: { ...breaker, phase, probe: null }, change: 'suspected' };
}

/**
 * A canary that failed keeps the breaker open for another 5 min; after a first `invalid_grant`
 * only until that may be confirmed, by the same canary.
 */
function afterCanary(
  breaker: Breaker,
  reason: FailureReason,
  tokenId: string,
  atMs: number,
  outcome: Exclude<AttemptOutcome, { kind: 'refreshed' | 'unsent' }>,
): BreakerStep {
  switch (outcome.kind) {
    case 'failed':
      return { breaker: openUntil(breaker, outcome.reason, atMs + openMs), change: null };
    case 'suspected':
      return { breaker: openUntil(breaker, reason, outcome.notBeforeMs, tokenId), change: null };
    case 'dead': {
      const deadCanaries = [...new Set([...breaker.deadCanaries, tokenId])];
      if (deadCanaries.length >= canariesOfMassDeath) {
        const dead: Breaker = { ...closedBreaker, phase: { kind: 'mass_death' }, deadCanaries };
        return { breaker: dead, change: 'mass_death' };
      }
      const waiting = openUntil(breaker, 'invalid_grant', atMs + openMs);
      return { breaker: { ...waiting, deadCanaries }, change: null };
    }
  }
}

function openUntil(
  breaker: Breaker,
  reason: FailureReason,
  untilMs: number,
  confirming: string | null = null,
): Breaker {
  return { ...breaker, phase: { kind: 'open', reason, untilMs, confirming } };
}

/**
 * For which reason at least half of all attempts failed, none of which was followed by a success;
 * null when for none, or when fewer than five attempts followed the last success.
 */
function sharedReason(attempts: readonly RecordedAttempt[]): FailureReason | null {
  const lastSuccess = attempts.findLastIndex(({ reason }) => reason === null);
  const since = attempts.slice(lastSuccess + 1).flatMap(({ reason }) => reason ?? []);
  if (since.length < fewestAttempts) return null;
  const count = (reason: FailureReason) => since.filter((each) => each === reason).length;
  return since.find((reason) => count(reason) * 2 >= attempts.length) ?? null;
}

/**
 * Whether a failure shows neither that the provider works nor that it doesn't: a sibling won,
 * nothing was sent, or our own client was refused, which pauses the provider by itself.
 */
function saysNothing(reason: FailureReason): boolean {
  const scope = failureScope(reason);
  return scope === 'none' || scope === 'client' || reason === 'no_refresh_token';
}

/** A canary that said nothing this time is not waited for: the next one is another. */
function withoutConfirming(breaker: Breaker, tokenId: string): Breaker {
  const { phase } = breaker;
  if (phase.kind !== 'open' || phase.confirming !== tokenId) return breaker;
  return { ...breaker, phase: { ...phase, confirming: null } };
}
