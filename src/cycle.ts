import { assessInSlices } from './assess/assess.js';
import type { AssessedConfig, Assessment, PollResult } from './assess/assess.js';
import { nothingRemembered } from './assess/memories.js';
import type { Memories } from './assess/memories.js';
import type { PollFailureReason } from './database/explain-database-error.js';
import type { Observation } from './observe/observe.js';
import type { PollRecord } from './publish/metrics.js';
import { runInSlices } from './run-in-slices.js';

/** What a poll needs of the outside. app.ts passes the real ones. */
export interface CycleEffects {
  /** Reads the world; a database that can't be used is a result, not an exception. */
  readonly observe: (previous: Assessment) => Promise<PollResult>;
  /** Takes the rows over into the memory, and tells what is remembered. */
  readonly remember: (observation: Observation) => Promise<Memories>;
  /** Shows what is now known, and how the poll went. */
  readonly publish: (assessment: Assessment, poll: PollRecord) => Promise<void>;
  /** Tells people what this poll means for them, also one that failed; beside the polls too. */
  readonly tell: (assessment: Assessment, memories: Memories) => void;
  /** Hands over what is due; the refreshers work beside the polls. */
  readonly refresh: (assessment: Assessment) => void;
  /** Adds this poll to the stability watches that run; must not reject. */
  readonly watch: (assessment: Assessment, previous: Assessment) => Promise<void>;
  /** Writes the poll's one log line. */
  readonly report: (assessment: Assessment, poll: PollRecord, previous: Assessment) => void;
  readonly monotonicMs: () => number;
}

/**
 * One poll: read the world, remember it, work out what it means, show it, tell people, refresh what
 * is due, add it to the watches. Returns what is known.
 */
export async function runCycle(
  effects: CycleEffects,
  config: AssessedConfig,
  previous: Assessment,
): Promise<Assessment> {
  const startedAtMs = effects.monotonicMs();
  const result = await effects.observe(previous);
  const memories = result.ok ? await effects.remember(result.observation) : nothingRemembered;
  const durationMs = effects.monotonicMs() - startedAtMs;

  const assessment = await runInSlices(assessInSlices(result, memories, previous, config));

  const poll: PollRecord = {
    durationMs,
    failureReason: failureReason(assessment),
    clockSkewMs: result.ok ? result.observation.clockSkewMs : null,
  };
  await effects.publish(assessment, poll);
  effects.tell(assessment, memories);
  if (result.ok) effects.refresh(assessment);
  await effects.watch(assessment, previous);
  effects.report(assessment, poll, previous);
  return assessment;
}

function failureReason({ databaseFailure, complete }: Assessment): PollFailureReason | null {
  if (databaseFailure !== null) return databaseFailure.reason;
  return complete ? null : 'source';
}
