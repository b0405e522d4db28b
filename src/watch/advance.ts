import { addSighting } from './coverage.js';
import type { WatchBaseline } from './baseline.js';
import type { CheckName } from './checks/check-name.js';
import { findingKey } from './finding.js';
import type { Finding } from './finding.js';
import { followLifecycles } from './lifecycles.js';
import { runsSince } from './job-runs.js';
import type { RunCounts } from './job-runs.js';
import { lookAround, lookKey } from './look.js';
import type { Look, PollView } from './look.js';
import { mostGaps, mostViolations } from './progress.js';
import type { CheckProgress, Violation, WatchProgress } from './progress.js';
import { attempts, failedTotal } from './refresh-totals.js';
import type { RefreshTotals } from './refresh-totals.js';
import type { StabilityWatch } from './stability-watch.js';
import type { WatchSample } from './watch-sample.js';

/** One poll as the watch takes it in. */
export interface WatchedPoll {
  readonly slot: number;
  readonly view: PollView;
  /** Since the baseline, by provider. */
  readonly refreshes: Readonly<Record<string, RefreshTotals>>;
  /** Since the baseline. */
  readonly jobRuns: RunCounts;
  readonly configuration: string;
}

const mostConfigurationChanges = 20;

/** Adds the evidence of one poll; returns the sample to keep and what all samples now add up to. */
export function advance(
  before: WatchProgress,
  watch: StabilityWatch,
  baseline: WatchBaseline,
  poll: WatchedPoll,
): { readonly sample: WatchSample; readonly progress: WatchProgress } {
  const { atMs } = poll.view;
  const looks = lookAround(poll.view, baseline).filter((look) => lookKey(look) in before.checks);
  const findings = looks.flatMap(({ evidence }) =>
    evidence.kind === 'observed' ? evidence.findings : [],
  );
  const accepted = stillAccepted(before.accepted, looks, findings);
  const fresh = findings.filter((each) => each.affected > (accepted[findingKey(each)] ?? 0));
  const { violations, pending } = sortOut(before, fresh, looks, atMs, baseline.atMs);
  const expired = findings.filter(({ check }) => check === 'tokens_expired').length;
  const sincePollMs = before.last === null ? 0 : atMs - before.last.atMs;

  const progress: WatchProgress = {
    ...before,
    last: { slot: poll.slot, atMs },
    polls: addSighting(before.polls, atMs),
    ...addGap(before, watch, atMs),
    checks: {
      ...before.checks,
      ...Object.fromEntries(looks.map((look) => sight(before, look, atMs))),
    },
    accepted,
    pending,
    violations: [...before.violations, ...violations].slice(0, mostViolations),
    violationCounts: countByCheck(before.violationCounts, violations),
    refreshes: poll.refreshes,
    jobRuns: poll.jobRuns,
    expiredTokenMs: before.expiredTokenMs + expired * sincePollMs,
    lifecycles: Object.fromEntries(
      poll.view.providers.map(({ provider, tokens }) => {
        const known = before.lifecycles[provider] ?? { seen: null, followed: [] };
        if (!tokens.seen) return [provider, known];
        return [provider, followLifecycles(known, baseline, provider, tokens.value, atMs)];
      }),
    ),
    ...noteConfiguration(before, poll.configuration, atMs),
  };
  return {
    sample: toSample(before, poll, looks, fresh, findings.length - fresh.length),
    progress,
  };
}

/** Accepted findings as far as they are still there: one that went away and comes back is new. */
function stillAccepted(
  accepted: WatchProgress['accepted'],
  looks: readonly Look[],
  findings: readonly Finding[],
): WatchProgress['accepted'] {
  const entries = Object.entries(accepted);
  if (entries.length === 0) return accepted;
  const now = new Map(findings.map((each) => [findingKey(each), each.affected]));
  const blind = new Set(
    looks.filter(isBlind).map(({ check, provider }) => `${check} ${provider ?? ''}`),
  );
  return Object.fromEntries(
    entries.flatMap(([key, most]): [string, number][] => {
      const [check, provider] = JSON.parse(key) as [CheckName, string | null, string];
      if (blind.has(`${check} ${provider ?? ''}`)) return [[key, most]];
      const left = Math.min(most, now.get(key) ?? 0);
      return left === 0 ? [] : [[key, left]];
    }),
  );
}

/** What counts at once or has lasted too long, and what still may go away. */
function sortOut(
  before: WatchProgress,
  fresh: readonly Finding[],
  looks: readonly Look[],
  atMs: number,
  baselineAtMs: number,
): { violations: Violation[]; pending: WatchProgress['pending'] } {
  const violations: Violation[] = [];
  const pending: Record<string, { finding: Finding; sinceMs: number }> = {};
  for (const finding of fresh) {
    const key = findingKey(finding);
    const sinceMs = before.pending[key]?.sinceMs ?? atMs;
    if (finding.graceMs > 0 && atMs - sinceMs <= finding.graceMs)
      pending[key] = { finding, sinceMs };
    else violations.push({ finding, sinceMs, atMs, atStart: sinceMs === baselineAtMs });
  }
  // What this poll could not see has not gone away.
  const blind = looks.filter(isBlind);
  for (const [key, each] of Object.entries(before.pending)) {
    const { check, provider } = each.finding;
    if (blind.some((look) => look.check === check && look.provider === provider)) {
      pending[key] ??= each;
    }
  }
  return { violations, pending };
}

function isBlind({ evidence }: Look): boolean {
  return evidence.kind === 'unobservable';
}

function sight(before: WatchProgress, look: Look, atMs: number): [string, CheckProgress] {
  const key = lookKey(look);
  const known = before.checks[key];
  if (known === undefined) throw new TypeError(`the check ${key} is out of scope`);
  const { evidence } = look;
  switch (evidence.kind) {
    case 'observed':
      return [key, { ...known, sightings: addSighting(known.sightings, atMs), blindBecause: null }];
    case 'unobservable':
      return [key, { ...known, blindBecause: evidence.because }];
  }
}

function addGap(
  { gaps, gapCount, polls }: WatchProgress,
  { pollIntervalMs }: StabilityWatch,
  atMs: number,
): Pick<WatchProgress, 'gaps' | 'gapCount'> {
  if (atMs - polls.lastAtMs <= 2 * pollIntervalMs) return { gaps, gapCount };
  const gap = { fromMs: polls.lastAtMs, toMs: atMs };
  return { gaps: [...gaps, gap].slice(0, mostGaps), gapCount: gapCount + 1 };
}

function countByCheck(
  before: WatchProgress['violationCounts'],
  violations: readonly Violation[],
): WatchProgress['violationCounts'] {
  const counts = { ...before };
  for (const { finding } of violations) counts[finding.check] = (counts[finding.check] ?? 0) + 1;
  return counts;
}

function noteConfiguration(
  before: WatchProgress,
  configuration: string,
  atMs: number,
): Pick<WatchProgress, 'configuration' | 'configurationChangedAtMs'> {
  const { configurationChangedAtMs } = before;
  return configuration === before.configuration
    ? { configuration, configurationChangedAtMs }
    : {
        configuration,
        configurationChangedAtMs: [...configurationChangedAtMs, atMs].slice(
          0,
          mostConfigurationChanges,
        ),
      };
}

function toSample(
  before: WatchProgress,
  { refreshes, jobRuns }: WatchedPoll,
  looks: readonly Look[],
  fresh: readonly Finding[],
  accepted: number,
): WatchSample {
  const sum = (all: WatchProgress['refreshes'], count: (totals: RefreshTotals) => number) =>
    Object.values(all).reduce((total, each) => total + count(each), 0);
  const grown = (count: (totals: RefreshTotals) => number) =>
    Math.max(0, sum(refreshes, count) - sum(before.refreshes, count));
  const failed = grown(failedTotal);
  const tried = grown(attempts);
  const runs = runsSince(before.jobRuns, jobRuns);
  return {
    ...(tried > failed && { refreshed: tried - failed }),
    ...(failed > 0 && { failed }),
    ...(runs !== null && { runs }),
    ...(accepted > 0 && { accepted }),
    ...(fresh.length > 0 && {
      findings: fresh.slice(0, mostViolations).map(({ check, provider, evidence }) => ({
        check,
        provider,
        evidence,
      })),
    }),
    ...(looks.some(isBlind) && {
      blind: looks.flatMap(({ check, provider, evidence }) =>
        evidence.kind === 'unobservable' ? [{ check, provider, because: evidence.because }] : [],
      ),
    }),
  };
}
