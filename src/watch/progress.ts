import type { WatchBaseline } from './baseline.js';
import type { CheckName } from './checks/check-name.js';
import { checks } from './checks/registry.js';
import { nothingSighted } from './coverage.js';
import type { Gap, Sightings } from './coverage.js';
import { findingKey } from './finding.js';
import type { Finding } from './finding.js';
import type { RunCounts } from './job-runs.js';
import { noLifecycle } from './lifecycles.js';
import type { Lifecycles } from './lifecycles.js';
import { noRefreshes } from './refresh-totals.js';
import type { RefreshTotals } from './refresh-totals.js';
import { lookKey } from './look.js';
import { watchFormat } from './stability-watch.js';
import type { StabilityWatch } from './stability-watch.js';

/** One check of one provider over the whole watch. */
export interface CheckProgress {
  readonly check: CheckName;
  readonly provider: string | null;
  readonly sightings: Sightings;
  /** Why the last poll could not see it; null: it could. */
  readonly blindBecause: string | null;
}

/** What decided against the system. */
export interface Violation {
  readonly finding: Finding;
  readonly sinceMs: number;
  readonly atMs: number;
  /** It was wrong when the watch began, and nobody accepted it. */
  readonly atStart: boolean;
}

/**
 * What all samples so far add up to: everything that a verdict depends on. Written with each sample,
 * so that a restart loses nothing but the polls it missed.
 */
export interface WatchProgress {
  readonly format: number;
  readonly last: { readonly slot: number; readonly atMs: number } | null;
  readonly polls: Sightings;
  /** Stretches without a sample that were longer than two intervals: the first 100. */
  readonly gaps: readonly Gap[];
  readonly gapCount: number;
  /** By `lookKey`; checks out of scope have none. */
  readonly checks: Readonly<Record<string, CheckProgress>>;
  /** By `findingKey`: how many of it are accepted. It shrinks as things get better, never grows. */
  readonly accepted: Readonly<Record<string, number>>;
  /** What may become a violation if it lasts. */
  readonly pending: Readonly<
    Record<string, { readonly finding: Finding; readonly sinceMs: number }>
  >;
  /** The first 100. */
  readonly violations: readonly Violation[];
  readonly violationCounts: Readonly<Partial<Record<CheckName, number>>>;
  readonly refreshes: Readonly<Record<string, RefreshTotals>>;
  readonly jobRuns: RunCounts;
  /** Added up over tokens: two that lay expired for a minute make two minutes. */
  readonly expiredTokenMs: number;
  readonly lifecycles: Readonly<Record<string, Lifecycles>>;
  readonly checkpointsTold: number;
  /** Tokens that are refreshed on purpose, by provider, and how often that was asked for. */
  readonly proving: Readonly<Record<string, readonly string[]>>;
  readonly proveRounds: number;
  readonly configuration: string;
  /** When another configuration was first seen: the first 20. */
  readonly configurationChangedAtMs: readonly number[];
}

export const mostGaps = 100;
export const mostViolations = 100;

/** Before the first sample. */
export function beginProgress(watch: StabilityWatch, baseline: WatchBaseline): WatchProgress {
  const outside = new Set(baseline.outOfScope.map(lookKey));
  const providers = Object.keys(baseline.providers);
  return {
    format: watchFormat,
    last: null,
    polls: nothingSighted(watch),
    gaps: [],
    gapCount: 0,
    checks: Object.fromEntries(
      checksInScope(providers)
        .filter((each) => !outside.has(lookKey(each)))
        .map((each) => [
          lookKey(each),
          { ...each, sightings: nothingSighted(watch), blindBecause: null },
        ]),
    ),
    accepted: watch.acceptKnown
      ? Object.fromEntries(baseline.known.map((each) => [findingKey(each), each.affected]))
      : {},
    pending: {},
    violations: [],
    violationCounts: {},
    refreshes: Object.fromEntries(providers.map((name) => [name, noRefreshes])),
    jobRuns: {},
    expiredTokenMs: 0,
    lifecycles: Object.fromEntries(providers.map((name) => [name, noLifecycle])),
    checkpointsTold: 0,
    proving: {},
    proveRounds: 0,
    configuration: baseline.configuration,
    configurationChangedAtMs: [],
  };
}

/** Every check of every provider, and those that belong to none. */
function checksInScope(providers: readonly string[]): Pick<CheckProgress, 'check' | 'provider'>[] {
  return checks.flatMap(({ name, scope }) => {
    const whom: readonly (string | null)[] = scope === 'common' ? [null] : providers;
    return whom.map((provider) => ({ check: name, provider }));
  });
}
