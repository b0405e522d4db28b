import type { PauseReason, ProviderPause } from '../assess/provider-pause.js';
import { breakerAfter } from './breaker-after.js';
import type { AttemptOutcome, BreakerChange } from './breaker-after.js';
import { breakerAdmission, closedBreaker, startProbe } from './breaker.js';
import type { Breaker, BreakerAdmission } from './breaker.js';
import { startTrial, trialAdmission, trialsAfter } from './configuration-trial.js';
import type { ConfigurationTrial } from './configuration-trial.js';
import { failureScope } from './failure-reason.js';
import type { FailureReason } from './failure-reason.js';

/** The longest time that a server can make us wait: its tokens would expire meanwhile. */
const longestRetryAfterMs = 3_600_000;
/** As many configurations as replicas may run with side by side during a rollout. */
const rememberedFaults = 4;

/**
 * What all replicas know of a provider beyond its tokens: may it be asked at all? Plain JSON, one
 * row per provider.
 */
export interface ProviderHealth {
  readonly breaker: Breaker;
  /** Configurations that were refused, the newest last. */
  readonly faults: readonly ConfigurationFault[];
  /** Configurations that were tried, the newest last. */
  readonly trials: readonly ConfigurationTrial[];
  /** From Retry-After: nothing is sent before this. */
  readonly retryAtMs: number | null;
}

/**
 * The provider refused our client. Holds under the configuration that was refused and no other,
 * so that a replica with a corrected one goes on while another still runs with the old one.
 */
export interface ConfigurationFault {
  readonly reason: FailureReason;
  readonly configurationFingerprint: string;
  readonly sinceMs: number;
}

/** Which of a provider's tokens may be tried now. */
export type Admission =
  | Exclude<BreakerAdmission, { kind: 'none' }>
  /** One due token: nothing has succeeded under this configuration yet. */
  | { readonly kind: 'first' }
  /** `untilMs` is null when only another configuration or a person ends the pause. */
  | { readonly kind: 'none'; readonly because: PauseReason; readonly untilMs: number | null };

/** One attempt, as the provider's health sees it. */
export interface Attempt {
  readonly tokenId: string;
  readonly atMs: number;
  readonly outcome: AttemptOutcome;
  readonly retryAfterMs: number | null;
  readonly configurationFingerprint: string;
}

export type HealthChange = BreakerChange | 'configuration_refused' | 'configuration_accepted';

/** A provider of which nothing is known. */
export const healthyProvider: ProviderHealth = {
  breaker: closedBreaker,
  faults: [],
  trials: [],
  retryAtMs: null,
};

/**
 * Says which tokens may be tried at `nowMs` by a replica with this configuration.
 *
 * A token admitted alone (`fresh`, `canary`, `first`) must be noted with `noteAlone` in the
 * transaction that claims it.
 */
export function admission(
  health: ProviderHealth,
  nowMs: number,
  configurationFingerprint: string,
): Admission {
  const { breaker, faults, trials, retryAtMs } = health;
  if (faultUnder(faults, configurationFingerprint) !== null) {
    return { kind: 'none', because: 'configuration', untilMs: null };
  }
  if (retryAtMs !== null && nowMs < retryAtMs) {
    return { kind: 'none', because: 'retry_after', untilMs: retryAtMs };
  }
  const trial = trialAdmission(trials, configurationFingerprint, nowMs);
  if (trial.kind === 'pending') {
    return { kind: 'none', because: 'configuration', untilMs: trial.untilMs };
  }
  const admitted = breakerAdmission(breaker, nowMs);
  if (admitted.kind === 'none') return { ...admitted, because: 'breaker' };
  return admitted.kind === 'all' && trial.kind === 'first' ? trial : admitted;
}

/** Everything that holds a provider back now, for people and the metric: one pause per reason. */
export function pausedFor(
  { breaker, faults, retryAtMs }: ProviderHealth,
  nowMs: number,
  configurationFingerprint: string,
): readonly ProviderPause[] {
  const pauses: ProviderPause[] = [];
  const fault = faultUnder(faults, configurationFingerprint);
  if (fault !== null) {
    const { reason: failure, sinceMs } = fault;
    pauses.push({ reason: 'configuration', sinceMs, untilMs: null, failure });
  }
  if (retryAtMs !== null && nowMs < retryAtMs) {
    pauses.push({ reason: 'retry_after', sinceMs: null, untilMs: retryAtMs, failure: null });
  }
  const { phase } = breaker;
  if (phase.kind === 'suspect' || phase.kind === 'open') {
    const { reason: failure, untilMs } = phase;
    pauses.push({ reason: 'breaker', sinceMs: null, untilMs, failure });
  }
  return pauses;
}

/** Notes that this token is tried alone, as admitted; all replicas it concerns wait for its outcome. */
export function noteAlone(
  health: ProviderHealth,
  admitted: 'fresh' | 'canary' | 'first',
  configurationFingerprint: string,
  tokenId: string,
  nowMs: number,
): ProviderHealth {
  const { breaker, trials } = health;
  return admitted === 'first'
    ? { ...health, trials: startTrial(trials, configurationFingerprint, tokenId, nowMs) }
    : { ...health, breaker: startProbe(breaker, tokenId, nowMs) };
}

/**
 * Takes an attempt into account and says what changed, for incidents and the log.
 *
 * A client that was refused pauses the provider: it is our configuration, every token would fail
 * alike, and no user can do anything about it. The pause ends with another configuration or when
 * a refresh that a person forced succeeds. On `closed` the transient backoffs of the provider's
 * tokens are to be cleared.
 */
export function afterAttempt(
  health: ProviderHealth,
  attempt: Attempt,
): { readonly health: ProviderHealth; readonly changes: readonly HealthChange[] } {
  const { breaker, change } = breakerAfter(health.breaker, attempt);
  const { faults, faultChange } = faultsAfter(health.faults, attempt);
  return {
    health: {
      breaker,
      faults,
      trials: trialsAfter(health.trials, {
        ...attempt,
        refreshed: attempt.outcome.kind === 'refreshed',
      }),
      retryAtMs: retryAtAfter(health.retryAtMs, attempt),
    },
    changes: [change, faultChange].filter((each) => each !== null),
  };
}

/** The refusal of this configuration; null when it was not refused. */
export function faultUnder(
  faults: readonly ConfigurationFault[],
  configurationFingerprint: string,
): ConfigurationFault | null {
  const same = (fault: ConfigurationFault) =>
    fault.configurationFingerprint === configurationFingerprint;
  return faults.find(same) ?? null;
}

function faultsAfter(
  faults: readonly ConfigurationFault[],
  { atMs, outcome, configurationFingerprint }: Attempt,
): { faults: readonly ConfigurationFault[]; faultChange: HealthChange | null } {
  const known = faultUnder(faults, configurationFingerprint);
  if (outcome.kind === 'refreshed' && known !== null) {
    const others = faults.filter((fault) => fault !== known);
    return { faults: others, faultChange: 'configuration_accepted' };
  }
  const refused = outcome.kind === 'failed' && failureScope(outcome.reason) === 'client';
  if (!refused || known !== null) return { faults, faultChange: null };
  const fault = { reason: outcome.reason, configurationFingerprint, sinceMs: atMs };
  return {
    faults: [...faults, fault].slice(-rememberedFaults),
    faultChange: 'configuration_refused',
  };
}

/** The latest that any answer asked for. */
function retryAtAfter(retryAtMs: number | null, { atMs, retryAfterMs }: Attempt): number | null {
  if (retryAfterMs === null || retryAfterMs <= 0) return retryAtMs;
  return Math.max(retryAtMs ?? -Infinity, atMs + Math.min(retryAfterMs, longestRetryAfterMs));
}
