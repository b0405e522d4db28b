import { checkNames } from './checks/check-name.js';
import type { CheckName } from './checks/check-name.js';
import { coverageRatio } from './coverage.js';
import type { Verdict } from './judge.js';
import type { KeptWatch } from './parse-watch.js';

/** A watch in numbers, for metrics. */
export interface WatchFigures {
  /** What it watches, joined: the label. */
  readonly providers: string;
  readonly verdict: Verdict;
  readonly startedAtMs: number;
  readonly deadlineAtMs: number;
  /** null: it runs. */
  readonly endedAtMs: number | null;
  readonly samples: number;
  /** null: none yet. */
  readonly lastSampleAtMs: number | null;
  readonly coverage: number;
  readonly violations: Readonly<Record<CheckName, number>>;
}

export function watchFigures({ state, end }: KeptWatch, nowMs: number): WatchFigures {
  const { watch, progress } = state;
  const samples = progress?.polls.count ?? 0;
  return {
    providers: watch.providers.join(','),
    verdict: end?.judgement.verdict ?? 'RUNNING',
    startedAtMs: watch.startedAtMs,
    deadlineAtMs: watch.deadlineAtMs,
    endedAtMs: end?.atMs ?? null,
    samples,
    lastSampleAtMs: progress?.last?.atMs ?? null,
    coverage: coverageRatio(watch, samples, end?.atMs ?? nowMs),
    violations: Object.fromEntries(
      checkNames.map((name) => [name, progress?.violationCounts[name] ?? 0]),
    ) as Record<CheckName, number>,
  };
}
