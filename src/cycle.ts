import { assess } from './assess/assess.js';
import type { Assessment, PollResult } from './assess/assess.js';
import type { PollFailureReason } from './database/explain-database-error.js';
import type { PollRecord } from './publish/metrics.js';

/** What a poll needs of the outside. app.ts passes the real ones. */
export interface CycleEffects {
  /** Reads the world; a database that can't be used is a result, not an exception. */
  readonly observe: (previous: Assessment) => Promise<PollResult>;
  /** Shows what is now known, and how the poll went. */
  readonly publish: (assessment: Assessment, poll: PollRecord) => Promise<void>;
  /** Writes the poll's one log line. */
  readonly report: (assessment: Assessment, poll: PollRecord, previous: Assessment) => void;
  readonly monotonicMs: () => number;
}

export interface CycleConfig {
  readonly sources: readonly { readonly name: string; readonly optional: boolean }[];
}

/** One poll: read the world, work out what it means, show it, tell of it. Returns what is known. */
export async function runCycle(
  effects: CycleEffects,
  { sources }: CycleConfig,
  previous: Assessment,
): Promise<Assessment> {
  const startedAtMs = effects.monotonicMs();
  const result = await effects.observe(previous);
  const durationMs = effects.monotonicMs() - startedAtMs;

  const assessment = assess(result, previous, sources);

  const poll: PollRecord = {
    durationMs,
    failureReason: failureReason(assessment),
    clockSkewMs: result.ok ? result.observation.clockSkewMs : null,
  };
  await effects.publish(assessment, poll);
  effects.report(assessment, poll, previous);
  return assessment;
}

function failureReason({ databaseFailure, complete }: Assessment): PollFailureReason | null {
  if (databaseFailure !== null) return databaseFailure.reason;
  return complete ? null : 'source';
}
