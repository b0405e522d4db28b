import type { Registry } from 'prom-client';
import { checkNames } from '../watch/checks/check-name.js';
import { verdicts } from '../watch/judge.js';
import type { WatchFigures } from '../watch/watch-figures.js';
import { gauge } from './gauge.js';

/** Metrics of the newest stability watch of each set of providers. */
export interface WatchMetrics {
  /** Takes over how all of them stand; a set that is not named has no series any more. */
  readonly record: (watches: readonly WatchFigures[]) => void;
}

/** Creates the metrics of stability watches. Where none was ever started they have no series. */
export function createWatchMetrics(registry: Registry): WatchMetrics {
  const create = <const L extends string>(name: string, help: string, labels: readonly L[]) =>
    gauge(registry, `oauth_stability_watch_${name}`, help, ['providers', ...labels]);

  const active = create('active', 'Whether the newest stability watch still runs.', []);
  const verdict = create(
    'verdict',
    'Verdict of the newest stability watch: 1 for the one that holds.',
    ['verdict'],
  );
  const start = create('start_timestamp_seconds', 'When the watch was started.', []);
  const deadline = create(
    'deadline_timestamp_seconds',
    'When the watch ends, unless a violation ends it earlier.',
    [],
  );
  const end = create('end_timestamp_seconds', 'When the watch ended. Absent while it runs.', []);
  const coverage = create(
    'coverage_ratio',
    'Samples of the watch against the polls that should have been, 0 to 1.',
    [],
  );
  const samples = create('samples', 'Polls that the watch has seen, one per interval.', []);
  const lastSample = create(
    'last_sample_timestamp_seconds',
    'Time of the newest sample. Absent before the first.',
    [],
  );
  const violations = create('violations', 'Violations that the watch found, by check.', ['check']);
  const all = [active, verdict, start, deadline, end, coverage, samples, lastSample, violations];

  return {
    record(watches) {
      for (const each of all) each.reset();
      for (const watch of watches) {
        const { providers } = watch;
        active.set({ providers }, Number(watch.endedAtMs === null));
        for (const word of verdicts) {
          verdict.set({ providers, verdict: word.toLowerCase() }, Number(word === watch.verdict));
        }
        start.set({ providers }, watch.startedAtMs / 1000);
        deadline.set({ providers }, watch.deadlineAtMs / 1000);
        if (watch.endedAtMs !== null) end.set({ providers }, watch.endedAtMs / 1000);
        coverage.set({ providers }, watch.coverage);
        samples.set({ providers }, watch.samples);
        if (watch.lastSampleAtMs !== null) {
          lastSample.set({ providers }, watch.lastSampleAtMs / 1000);
        }
        for (const check of checkNames) {
          violations.set({ providers, check }, watch.violations[check]);
        }
      }
    },
  };
}
