import { makeReport } from '../../src/watch/report.js';
import type { WatchReport } from '../../src/watch/report.js';
import type { Simulated } from './simulate-watch.js';

/** The report of a simulated watch that has ended. */
export function reportOf({ state, judgement, samples, notices }: Simulated): WatchReport {
  const atMs = notices.at(-1)?.atMs ?? state.watch.deadlineAtMs;
  const hash = '5f6a0c2bd3'.padEnd(64, '0');
  const kept = { state, waitingBecause: null, end: { atMs, judgement, hash } };
  return makeReport(kept, samples, atMs, { kind: 'intact', hash });
}
