import type { FailureReason } from './failure-reason.js';

/** A probe whose sender died is given up after this; answers are listened to for 2 min. */
const probeTimeoutMs = 5 * 60_000;

/**
 * Stops refreshing a provider at which everything fails alike, without letting a few dead rows
 * stop the live ones. Plain JSON: all replicas share it in the provider's row.
 *
 * ```
 *   closed      everything is tried
 *     │ of the last 10 min, half of the attempts failed alike and the last five all failed
 *   suspect     one token that has not failed is tried at once; failed ones wait
 *     │ it fails too
 *   open        nothing is tried for 5 min, then one canary; when it fails, again
 *     │ three different canaries are confirmed dead
 *   mass_death  everything is tried again, so that each grant is classified
 * ```
 *
 * Any success leads back to `closed`: it proves that the provider works.
 */
export interface Breaker {
  readonly phase: BreakerPhase;
  /** The latest attempts, oldest first. */
  readonly attempts: readonly RecordedAttempt[];
  /** The one token that is being tried while others wait. */
  readonly probe: { readonly tokenId: string; readonly startedAtMs: number } | null;
  /** Canaries whose grants were confirmed dead since the last success. */
  readonly deadCanaries: readonly string[];
}

export interface RecordedAttempt {
  /** null: it succeeded. */
  readonly reason: FailureReason | null;
  readonly atMs: number;
}

export type BreakerPhase =
  | { readonly kind: 'closed' }
  /** About to open: one due token that has not failed decides; none until then, a canary. */
  | { readonly kind: 'suspect'; readonly reason: FailureReason; readonly untilMs: number }
  | {
      readonly kind: 'open';
      readonly reason: FailureReason;
      readonly untilMs: number;
      /** The canary that answered `invalid_grant` and is to be asked once more. */
      readonly confirming: string | null;
    }
  /** The grants really are dead: every token is tried, so that each is classified. */
  | { readonly kind: 'mass_death' };

/** Which tokens the breaker lets through. */
export type BreakerAdmission =
  | { readonly kind: 'all' }
  /** One due token whose last attempt did not fail. */
  | { readonly kind: 'fresh' }
  /** One token that need not be due; `prefer` is one to be asked again. */
  | { readonly kind: 'canary'; readonly prefer: string | null }
  | { readonly kind: 'none'; readonly untilMs: number };

export const closedBreaker: Breaker = {
  phase: { kind: 'closed' },
  attempts: [],
  probe: null,
  deadCanaries: [],
};

/** Says which tokens may be tried now. One admitted alone must be noted with `startProbe`. */
export function breakerAdmission({ phase, probe }: Breaker, nowMs: number): BreakerAdmission {
  if (phase.kind === 'closed' || phase.kind === 'mass_death') return { kind: 'all' };
  if (probe !== null && nowMs < probe.startedAtMs + probeTimeoutMs) {
    return { kind: 'none', untilMs: probe.startedAtMs + probeTimeoutMs };
  }
  if (nowMs >= phase.untilMs) {
    return { kind: 'canary', prefer: phase.kind === 'open' ? phase.confirming : null };
  }
  return phase.kind === 'suspect' ? { kind: 'fresh' } : { kind: 'none', untilMs: phase.untilMs };
}

/** Notes which token is tried alone, in the transaction that claims it: one for all replicas. */
export function startProbe(breaker: Breaker, tokenId: string, nowMs: number): Breaker {
  return { ...breaker, probe: { tokenId, startedAtMs: nowMs } };
}
