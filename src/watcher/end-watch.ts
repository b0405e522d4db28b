import { createHash } from 'node:crypto';
import type { Query } from '../database/read-snapshot.js';
import { closeWatch, readSamples } from '../store/watches.js';
import type { SampleRow } from '../store/watches.js';
import { judge } from '../watch/judge.js';
import type { Judgement, WatchState } from '../watch/judge.js';
import type { WatchEnd } from '../watch/parse-watch.js';
import type { KeptSample, WatchSample } from '../watch/watch-sample.js';
import { sealText } from '../watch/seal-text.js';

/** Judges a watch for good and seals it: nothing can change afterwards without changing the hash. */
export async function endWatch(query: Query, state: WatchState, nowMs: number): Promise<WatchEnd> {
  const atMs = Math.min(nowMs, state.watch.deadlineAtMs);
  const judgement = judge(state, atMs);
  const samples = keptSamples(await readSamples(query, state.watch.id));
  const hash = hashOf(state, judgement, samples);
  await closeWatch(query, state.watch.id, { atMs, stopped: state.stop, judgement, hash });
  return { atMs, judgement, hash };
}

/** SHA-256 over samples, baseline and verdict, in hexadecimal. */
export function hashOf(
  state: WatchState,
  judgement: Judgement,
  samples: readonly KeptSample[],
): string {
  return createHash('sha256')
    .update(sealText(state, judgement, samples))
    .digest('hex');
}

export function keptSamples(rows: readonly SampleRow[]): KeptSample[] {
  return rows.map(({ slot, atMs, sample }) => ({ slot, atMs, sample: sample as WatchSample }));
}
