import { coverageRatio } from './coverage.js';
import { judge } from './judge.js';
import type { KeptWatch } from './parse-watch.js';

/** A watch in a list, as JSON: keys are part of the interface. Its report has the rest. */
export function watchJson({ state, end, waitingBecause }: KeptWatch, nowMs: number): unknown {
  const { watch, progress } = state;
  const iso = (ms: number) => new Date(ms).toISOString();
  const samples = progress?.polls.count ?? 0;
  return {
    id: watch.id,
    verdict: end?.judgement.verdict ?? judge(state, nowMs).verdict,
    providers: watch.providers,
    note: watch.note,
    started_by: watch.startedBy,
    started_at: iso(watch.startedAtMs),
    deadline_at: iso(watch.deadlineAtMs),
    ended_at: end === null ? null : iso(end.atMs),
    samples,
    coverage: coverageRatio(watch, samples, end?.atMs ?? nowMs),
    waiting_because: end === null ? waitingBecause : null,
  };
}
