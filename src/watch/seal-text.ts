import type { Judgement, WatchState } from './judge.js';
import type { KeptSample } from './watch-sample.js';

/**
 * Everything that a report rests on as one text, for hashing: the watch, its baseline, its samples and
 * its verdict. Keys are sorted, because the database keeps JSON in an order of its own.
 */
export function sealText(
  { watch, baseline, progress, stop }: WatchState,
  judgement: Judgement,
  samples: readonly KeptSample[],
): string {
  const { id, providers, startedAtMs, deadlineAtMs, pollIntervalMs } = watch;
  const { note, startedBy, prove, acceptKnown } = watch;
  const terms = { id, providers, startedAtMs, deadlineAtMs, pollIntervalMs, note, startedBy };
  return [
    { ...terms, prove, acceptKnown },
    baseline,
    progress,
    stop,
    judgement,
    ...samples.map(({ slot, atMs, sample }) => ({ slot, atMs, sample })),
  ]
    .map((part) => JSON.stringify(sorted(part)))
    .join('\n');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}
