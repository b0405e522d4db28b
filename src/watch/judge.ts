import type { WatchBaseline } from './baseline.js';
import {
  coverageRatio,
  longestGapAt,
  lostAlready,
  nothingSighted,
  shortfalls,
} from './coverage.js';
import type { Shortfall, Sightings } from './coverage.js';
import { describeFailureRate, group } from './failure-bound.js';
import { formatDistance } from '../config/format-distance.js';
import { instant } from './finding.js';
import { describeRuns } from './job-runs.js';
import type { CheckProgress, Violation, WatchProgress } from './progress.js';
import { longestGapMs, requiredCoverage } from './stability-watch.js';
import type { StabilityWatch } from './stability-watch.js';

export const verdicts = ['RUNNING', 'STABLE', 'UNSTABLE', 'INCONCLUSIVE'] as const;
export type Verdict = (typeof verdicts)[number];

/** What a reason is about: the closed list. */
export const reasonCodes = [
  'violation',
  'already_wrong',
  'stopped',
  'no_baseline',
  'coverage',
  'gap',
  'blind',
  'no_lifecycle',
  'pending',
  /** Below here: what speaks for the verdict, or limits it. */
  'observed',
  'refreshes',
  'job_runs',
  'lifecycle',
  'accepted',
  'out_of_scope',
  'caveat',
] as const;
export type ReasonCode = (typeof reasonCodes)[number];

export interface Reason {
  readonly code: ReasonCode;
  readonly text: string;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** What decided, first; then what it rests on. */
  readonly reasons: readonly Reason[];
}

/** Somebody ended the watch before its time. */
export interface WatchStop {
  readonly atMs: number;
  readonly by: string;
  readonly reason: string;
}

/** Everything that is known of a watch. */
export interface WatchState {
  readonly watch: StabilityWatch;
  /** null: no poll was complete enough yet. */
  readonly baseline: WatchBaseline | null;
  readonly progress: WatchProgress | null;
  readonly stop: WatchStop | null;
}

/**
 * Judges a watch at `nowMs`.
 *
 * A violation decides at once. STABLE needs the whole time and all the evidence: nearly every poll,
 * no long gap, every check in scope observed to the end, and a full token lifecycle of each provider.
 * What is missing makes it INCONCLUSIVE: absence of evidence never passes.
 */
export function judge(state: WatchState, nowMs: number): Judgement {
  const { watch, progress, stop } = state;
  const violations = progress?.violations ?? [];
  const context = whatItRestsOn(state, nowMs);
  if (violations.length > 0) {
    return { verdict: 'UNSTABLE', reasons: [...violations.map(violated), ...context] };
  }
  if (stop !== null) {
    const text = `stopped by ${stop.by} at ${instant(stop.atMs)}: ${stop.reason}`;
    return { verdict: 'INCONCLUSIVE', reasons: [{ code: 'stopped', text }, ...context] };
  }
  if (nowMs < watch.deadlineAtMs) {
    return { verdict: 'RUNNING', reasons: [...lostForGood(state, nowMs), ...context] };
  }
  const missing = whatIsMissing(state);
  return {
    verdict: missing.length > 0 ? 'INCONCLUSIVE' : 'STABLE',
    reasons: [...missing, ...context],
  };
}

/** Everything that a verdict of STABLE needs and that is not there at the deadline. */
function whatIsMissing({ watch, baseline, progress }: WatchState): Reason[] {
  if (baseline === null || progress === null) {
    const text = 'no poll saw all tokens, so there is nothing to compare with';
    return [{ code: 'no_baseline', text }];
  }
  const reasons = shortfalls(watch, progress.polls).map((each) => fellShort(each, 'polls'));
  for (const check of Object.values(progress.checks)) {
    reasons.push(...blindness(watch, check, progress.polls));
  }
  for (const [provider, { seen }] of Object.entries(progress.lifecycles)) {
    if (seen === null) reasons.push(withoutLifecycle(watch, baseline, provider));
  }
  for (const { finding, sinceMs } of Object.values(progress.pending)) {
    const text = `${finding.evidence}, seen first at ${instant(sinceMs)}: too late to tell what comes of it`;
    reasons.push({ code: 'pending', text });
  }
  return reasons;
}

/** A check that saw less than the polls did. */
function blindness(
  watch: StabilityWatch,
  { check, provider, sightings, blindBecause }: CheckProgress,
  polls: Sightings,
): Reason[] {
  const name = provider === null ? check : `${check} of ${provider}`;
  if (blindBecause !== null) {
    return [{ code: 'blind', text: `${name} could not be observed at the end: ${blindBecause}` }];
  }
  if (sightings.count === polls.count) return [];
  return shortfalls(watch, sightings).map((each) => ({ ...fellShort(each, name), code: 'blind' }));
}

function fellShort(shortfall: Shortfall, of: string): Reason {
  switch (shortfall.kind) {
    case 'coverage': {
      const { seen, expected } = shortfall;
      const text = `${of}: ${group(seen)} of ${group(expected)} seen (${percent(seen / expected)}); ${percent(requiredCoverage)} are needed`;
      return { code: 'coverage', text };
    }
    case 'gap': {
      const { fromMs, toMs } = shortfall.gap;
      const text = `${of}: nothing was seen for ${formatDistance(toMs - fromMs)}, from ${instant(fromMs)} to ${instant(toMs)}; ${formatDistance(longestGapMs)} are allowed`;
      return { code: 'gap', text };
    }
  }
}

function withoutLifecycle(
  { prove }: StabilityWatch,
  { providers }: WatchBaseline,
  provider: string,
): Reason {
  const known = providers[provider];
  const lifetimeMs = known?.medianLifetimeMs ?? null;
  const why =
    known === undefined || known.active.length === 0
      ? 'it had no active token'
      : lifetimeMs === null
        ? 'how long its tokens live is not known'
        : `its tokens live ${formatDistance(lifetimeMs)}`;
  const help = prove > 0 ? 'also not with --prove' : '--prove N refreshes some on purpose';
  return {
    code: 'no_lifecycle',
    text: `no full token lifecycle of ${provider} was seen: ${why}; ${help}`,
  };
}

function lostForGood({ watch, progress }: WatchState, nowMs: number): Reason[] {
  const polls = progress?.polls ?? nothingSighted(watch);
  return lostAlready(watch, polls, nowMs).map((each) => {
    const { code, text } = fellShort(each, 'polls');
    return { code, text: `it can no longer become STABLE: ${text}` };
  });
}

function violated({ finding, atMs, atStart }: Violation): Reason {
  return atStart
    ? { code: 'already_wrong', text: `already wrong at the start: ${finding.evidence}` }
    : { code: 'violation', text: `${instant(atMs)}: ${finding.evidence}` };
}

function whatItRestsOn({ watch, baseline, progress }: WatchState, nowMs: number): Reason[] {
  if (baseline === null || progress === null) return [];
  const endMs = progress.violations.at(0)?.atMs ?? nowMs;
  const gap = longestGapAt(watch, progress.polls, endMs);
  const ratio = coverageRatio(watch, progress.polls.count, endMs);
  const list: Reason[] = [
    {
      code: 'observed',
      text: `${group(progress.polls.count)} polls seen, ${percent(ratio)} of those expected; longest gap ${formatDistance(gap.toMs - gap.fromMs)}`,
    },
  ];
  for (const [provider, totals] of Object.entries(progress.refreshes)) {
    list.push({ code: 'refreshes', text: `${provider}: ${describeFailureRate(totals)}` });
  }
  if (Object.keys(progress.jobRuns).length > 0) {
    list.push({ code: 'job_runs', text: describeRuns(progress.jobRuns) });
  }
  for (const [provider, { seen }] of Object.entries(progress.lifecycles)) {
    if (seen !== null) list.push({ code: 'lifecycle', text: `${provider}: ${seen}` });
  }
  if (watch.acceptKnown) {
    for (const { evidence } of baseline.known) {
      list.push({
        code: 'accepted',
        text: `accepted, because it was so at the start: ${evidence}`,
      });
    }
  }
  for (const { check, provider, because } of baseline.outOfScope) {
    const name = provider === null ? check : `${check} of ${provider}`;
    list.push({ code: 'out_of_scope', text: `not judged: ${name}: ${because}` });
  }
  for (const text of baseline.caveats) list.push({ code: 'caveat', text });
  return list;
}

/** Cut, not rounded: 98.99 % is not 99. */
export function percent(ratio: number): string {
  const hundredths = Math.floor(Math.min(1, ratio) * 10_000 + 1e-6);
  return `${hundredths % 100 === 0 ? hundredths / 100 : (hundredths / 100).toFixed(2)} %`;
}
