import type { StabilityWatch } from './stability-watch.js';
import { durationMs } from './stability-watch.js';
import type { KeptSample } from './watch-sample.js';

/** A slice of the watch's time, for a picture. */
export interface TimelineSlice {
  readonly fromMs: number;
  readonly toMs: number;
  /** `future`: it was not reached. */
  readonly coverage: 'full' | 'partial' | 'none' | 'future';
  readonly refreshed: number;
  readonly failed: number;
  readonly findings: number;
  /** Polls that could not observe something. */
  readonly blind: number;
}

/** How many slices a picture has at most; a short watch has one per poll. */
const mostSlices = 96;

/** Sums samples up in equal slices of the watch's time, up to where it has come at `nowMs`. */
export function timeline(
  watch: StabilityWatch,
  samples: readonly KeptSample[],
  nowMs: number,
): TimelineSlice[] {
  const { startedAtMs, pollIntervalMs } = watch;
  const count = Math.max(1, Math.min(mostSlices, Math.floor(durationMs(watch) / pollIntervalMs)));
  const sliceMs = durationMs(watch) / count;
  const inSlice: KeptSample[][] = Array.from({ length: count }, () => []);
  for (const kept of samples) {
    const index = Math.floor((kept.atMs - startedAtMs) / sliceMs);
    inSlice[Math.min(count - 1, Math.max(0, index))]?.push(kept);
  }
  return inSlice.map((kept, index) => {
    const fromMs = startedAtMs + index * sliceMs;
    const toMs = fromMs + sliceMs;
    const sum = (figure: (sample: KeptSample['sample']) => number | undefined) =>
      kept.reduce((total, { sample }) => total + (figure(sample) ?? 0), 0);
    return {
      fromMs,
      toMs,
      coverage: coverageOf(kept.length, Math.min(toMs, nowMs) - fromMs, pollIntervalMs),
      refreshed: sum(({ refreshed }) => refreshed),
      failed: sum(({ failed }) => failed),
      findings: sum(({ findings }) => findings?.length),
      blind: kept.filter(({ sample }) => sample.blind !== undefined).length,
    };
  });
}

/** One poll fewer than the slice has room for is drift, not a gap. */
function coverageOf(
  seen: number,
  elapsedMs: number,
  pollIntervalMs: number,
): TimelineSlice['coverage'] {
  if (elapsedMs <= 0) return 'future';
  if (seen >= Math.floor(elapsedMs / pollIntervalMs) - 1) return 'full';
  return seen === 0 ? 'none' : 'partial';
}

const bars = '▁▂▃▄▅▆▇█';

/** The timeline in characters, one per slice: for terminals and Markdown. */
export function sparklines(slices: readonly TimelineSlice[]): [name: string, line: string][] {
  const most = Math.max(1, ...slices.map(({ refreshed, failed }) => Math.max(refreshed, failed)));
  const bar = (count: number) =>
    count === 0 ? '·' : (bars[Math.ceil((count / most) * bars.length) - 1] ?? '·');
  const coverage = { full: '█', partial: '▒', none: ' ', future: '·' } as const;
  const line = (draw: (slice: TimelineSlice) => string) =>
    slices.map((slice) => (slice.coverage === 'future' ? '·' : draw(slice))).join('');
  return [
    ['polls', line((slice) => coverage[slice.coverage])],
    ['refreshes', line(({ refreshed }) => bar(refreshed))],
    ['failures', line(({ failed }) => bar(failed))],
    ['findings', line(({ findings }) => (findings > 0 ? '!' : '·'))],
    ['blind', line(({ blind }) => (blind > 0 ? '?' : '·'))],
  ];
}
