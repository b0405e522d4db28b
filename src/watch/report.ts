import { checks } from './checks/registry.js';
import type { CheckName } from './checks/check-name.js';
import { coverageRatio, expectedSamples, longestGapAt, nothingSighted } from './coverage.js';
import type { Gap } from './coverage.js';
import { describeFailureRate, group } from './failure-bound.js';
import { instant } from './finding.js';
import { judge, percent } from './judge.js';
import type { Judgement } from './judge.js';
import { lookKey } from './look.js';
import type { KeptWatch } from './parse-watch.js';
import type { StabilityWatch } from './stability-watch.js';
import { timeline } from './timeline.js';
import type { TimelineSlice } from './timeline.js';
import type { WatchBaseline } from './baseline.js';
import type { WatchProgress } from './progress.js';
import type { KeptSample } from './watch-sample.js';

/** Whether a report is what was found when the watch ended. */
export type Seal =
  /** The watch has not ended. */
  { readonly kind: 'open' } | { readonly kind: 'intact' | 'broken'; readonly hash: string };

/** How one check did, of one provider. */
export interface CheckLine {
  readonly check: CheckName;
  readonly provider: string | null;
  readonly promise: string;
  readonly result: 'held' | 'violated' | 'not judged' | 'not seen enough';
  readonly seen: number;
}

/** All that a report says, in no particular format. */
export interface WatchReport extends Judgement {
  readonly watch: StabilityWatch;
  readonly atMs: number;
  readonly endedAtMs: number | null;
  readonly samples: number;
  readonly expected: number;
  readonly coverage: number;
  readonly longestGap: Gap;
  readonly gaps: readonly Gap[];
  readonly gapCount: number;
  readonly checks: readonly CheckLine[];
  readonly baseline: WatchBaseline | null;
  readonly waitingBecause: string | null;
  readonly progress: WatchProgress | null;
  readonly slices: readonly TimelineSlice[];
  readonly seal: Seal;
}

/** Gathers what a report says of a watch at `nowMs`; of one that ended, what held at its end. */
export function makeReport(
  { state, end, waitingBecause }: KeptWatch,
  samples: readonly KeptSample[],
  nowMs: number,
  seal: Seal,
): WatchReport {
  const { watch, baseline, progress } = state;
  const atMs = end?.atMs ?? Math.min(nowMs, watch.deadlineAtMs);
  const judgement = end?.judgement ?? judge(state, nowMs);
  const polls = progress?.polls ?? nothingSighted(watch);
  return {
    ...judgement,
    watch,
    atMs,
    endedAtMs: end?.atMs ?? null,
    samples: samples.length,
    expected: expectedSamples(watch, atMs),
    coverage: coverageRatio(watch, samples.length, atMs),
    longestGap: longestGapAt(watch, polls, atMs),
    gaps: progress?.gaps ?? [],
    gapCount: progress?.gapCount ?? 0,
    checks:
      baseline === null || progress === null ? [] : checkLines(watch, baseline, progress, atMs),
    baseline,
    waitingBecause,
    progress,
    slices: timeline(watch, samples, atMs),
    seal,
  };
}

function checkLines(
  watch: StabilityWatch,
  { providers }: WatchBaseline,
  progress: WatchProgress,
  atMs: number,
): CheckLine[] {
  return checks.flatMap(({ name, promise, scope }) => {
    const whom: readonly (string | null)[] = scope === 'common' ? [null] : Object.keys(providers);
    return whom.map((provider): CheckLine => {
      const known = progress.checks[lookKey({ check: name, provider })];
      const seen = known?.sightings.count ?? 0;
      const violated = progress.violations.some(
        ({ finding }) => finding.check === name && finding.provider === provider,
      );
      const enough = coverageRatio(watch, seen, atMs) >= 0.99 && known?.blindBecause === null;
      const held = enough ? 'held' : 'not seen enough';
      const result = known === undefined ? 'not judged' : violated ? 'violated' : held;
      return { check: name, provider, promise, result, seen };
    });
  });
}

/** As JSON: keys are part of the interface. */
export function reportJson(report: WatchReport): unknown {
  const { watch, progress, baseline, seal } = report;
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    id: watch.id,
    verdict: report.verdict,
    reasons: report.reasons,
    note: watch.note,
    started_by: watch.startedBy,
    providers: watch.providers,
    started_at: iso(watch.startedAtMs),
    deadline_at: iso(watch.deadlineAtMs),
    ended_at: report.endedAtMs === null ? null : iso(report.endedAtMs),
    as_of: iso(report.atMs),
    poll_interval_seconds: watch.pollIntervalMs / 1000,
    samples: report.samples,
    samples_expected: report.expected,
    coverage: report.coverage,
    longest_gap_seconds: (report.longestGap.toMs - report.longestGap.fromMs) / 1000,
    gaps: report.gaps.map(({ fromMs, toMs }) => ({ from: iso(fromMs), to: iso(toMs) })),
    gap_count: report.gapCount,
    waiting_because: report.waitingBecause,
    checks: report.checks,
    violations: (progress?.violations ?? []).map(({ finding, atMs, atStart }) => ({
      check: finding.check,
      provider: finding.provider,
      at: iso(atMs),
      at_start: atStart,
      evidence: finding.evidence,
    })),
    accepted: watch.acceptKnown ? (baseline?.known ?? []).map(({ evidence }) => evidence) : [],
    out_of_scope: baseline?.outOfScope ?? [],
    refreshes: Object.entries(progress?.refreshes ?? {}).map(([provider, totals]) => ({
      provider,
      ...totals,
      bound: describeFailureRate(totals),
    })),
    job_runs: Object.entries(progress?.jobRuns ?? {}).map(
      ([job, { expected, succeeded, failed }]) => ({ job, expected, succeeded, failed }),
    ),
    lifecycles: Object.entries(progress?.lifecycles ?? {}).map(([provider, { seen }]) => ({
      provider,
      seen,
    })),
    effectively_expired_token_seconds: (progress?.expiredTokenMs ?? 0) / 1000,
    configuration: {
      fingerprint: baseline?.configuration ?? null,
      changed_at: (progress?.configurationChangedAtMs ?? []).map(iso),
    },
    hash: seal.kind === 'open' ? null : seal.hash,
    hash_intact: seal.kind === 'open' ? null : seal.kind === 'intact',
  };
}

/** `5,740 of 5,759 polls seen (99.67 %)` */
export function coverageSentence({ samples, expected, coverage }: WatchReport): string {
  return `${group(samples)} polls seen, ${group(expected)} expected (${percent(coverage)})`;
}

/** `2026-03-02 08:00:00Z to 2026-03-04 08:00:00Z` */
export function periodOf({ startedAtMs, deadlineAtMs }: StabilityWatch): string {
  return `${instant(startedAtMs)} to ${instant(deadlineAtMs)}`;
}
