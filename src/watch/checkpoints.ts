import { coverageRatio } from './coverage.js';
import { hours } from './finding.js';
import { judge, percent } from './judge.js';
import type { Reason, ReasonCode, Verdict, WatchState } from './judge.js';
import { durationMs } from './stability-watch.js';

/** 1, 6, 12, 24 and 36 of 48 hours; the end has its own message. Other lengths are scaled. */
const checkpointShares = [1 / 48, 6 / 48, 12 / 48, 24 / 48, 36 / 48] as const;

/** What people are told while a watch runs, and at its end. Plain text from safe parts. */
export interface WatchNotice {
  readonly watchId: number;
  readonly kind: 'checkpoint' | 'end';
  readonly verdict: Verdict;
  readonly providers: readonly string[];
  readonly startedAtMs: number;
  readonly atMs: number;
  readonly title: string;
  readonly lines: readonly string[];
}

/** How many checkpoints lie behind `nowMs`. */
export function checkpointsPassed({ watch }: WatchState, nowMs: number): number {
  const share = (nowMs - watch.startedAtMs) / durationMs(watch);
  return checkpointShares.filter((each) => share >= each).length;
}

/**
 * The message of a checkpoint that has just been passed, or null. Of several that passed during a
 * gap only the last is told.
 */
export function checkpointNotice(state: WatchState, nowMs: number): WatchNotice | null {
  const passed = checkpointsPassed(state, nowMs);
  const told = state.progress?.checkpointsTold ?? 0;
  const share = checkpointShares[passed - 1];
  if (share === undefined || passed <= told) return null;
  const { watch, progress } = state;
  const elapsed = hours(Math.round(durationMs(watch) * share));
  const { reasons } = judge(state, nowMs);
  const ratio = coverageRatio(watch, progress?.polls.count ?? 0, nowMs);
  const lost = reasons.some(({ code }) => code === 'coverage' || code === 'gap');
  return {
    watchId: watch.id,
    kind: 'checkpoint',
    verdict: 'RUNNING',
    providers: watch.providers,
    startedAtMs: watch.startedAtMs,
    atMs: nowMs,
    title: `Stability watch ${watch.id}: ${elapsed} of ${hours(durationMs(watch))}, ${lost ? 'no violation, but it can no longer become STABLE' : 'no violation so far'}`,
    lines: [
      `${percent(ratio)} of the polls seen`,
      ...texts(reasons, ['coverage', 'gap', 'refreshes']),
    ],
  };
}

const decisive: readonly ReasonCode[] = [
  'violation',
  'already_wrong',
  'stopped',
  'no_baseline',
  'coverage',
  'gap',
  'blind',
  'no_lifecycle',
  'pending',
];
const mostLines = 8;

/** The message of the end. Few lines: the report has the rest. */
export function endNotice(state: WatchState, nowMs: number): WatchNotice {
  const { watch } = state;
  const { verdict, reasons } = judge(state, nowMs);
  const wanted: ReasonCode[] = [...decisive, 'observed', 'refreshes', 'out_of_scope'];
  const lines = texts(reasons, wanted);
  const more = lines.length - mostLines;
  return {
    watchId: watch.id,
    kind: 'end',
    verdict,
    providers: watch.providers,
    startedAtMs: watch.startedAtMs,
    atMs: nowMs,
    title: `Stability watch ${watch.id} of ${watch.providers.join(', ')}: ${verdict}`,
    lines: [
      ...lines.slice(0, mostLines),
      ...(more > 0 ? [`and ${more} more: watch report ${watch.id}`] : []),
    ],
  };
}

function texts(reasons: readonly Reason[], codes: readonly ReasonCode[]): string[] {
  return reasons.filter(({ code }) => codes.includes(code)).map(({ text }) => text);
}
