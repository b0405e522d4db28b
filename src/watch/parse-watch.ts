import type { WatchRow } from '../store/watches.js';
import type { WatchBaseline } from './baseline.js';
import type { Judgement, WatchState, WatchStop } from './judge.js';
import type { WatchProgress } from './progress.js';
import { watchFormat } from './stability-watch.js';

/** A watch as it is kept, together with its end. */
export interface KeptWatch {
  readonly state: WatchState;
  /** Why there is no baseline yet. */
  readonly waitingBecause: string | null;
  /** null: it runs, or its time is over and no exporter has looked since. */
  readonly end: WatchEnd | null;
}

export interface WatchEnd {
  readonly atMs: number;
  readonly judgement: Judgement;
  /** Over samples, baseline and verdict. */
  readonly hash: string;
}

/** Reads a watch back. Throws when another version of the exporter wrote it. */
export function parseWatch(row: WatchRow, baseline: unknown): KeptWatch {
  const { id, progress, endedAtMs, stopped, judgement, hash, waitingBecause } = row;
  for (const kept of [baseline, progress] as ({ readonly format?: unknown } | null)[]) {
    if (kept !== null && kept.format !== watchFormat) {
      throw new Error(
        `watch ${id} was written by another version of the exporter: start a new one`,
      );
    }
  }
  return {
    state: {
      watch: row,
      baseline: baseline as WatchBaseline | null,
      progress: progress as WatchProgress | null,
      stop: stopped as WatchStop | null,
    },
    waitingBecause,
    end:
      endedAtMs === null || hash === null
        ? null
        : { atMs: endedAtMs, judgement: judgement as Judgement, hash },
  };
}
