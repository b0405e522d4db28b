import { databasesAway } from './assess/assess.js';
import type { Assessment } from './assess/assess.js';
import { assessDatabases } from './assess/assess-databases.js';
import type { AssessedDatabases, DatabaseResult } from './assess/assess-databases.js';
import { nothingRemembered } from './assess/memories.js';
import type { Memories } from './assess/memories.js';
import type { PollFailureReason } from './database/explain-database-error.js';
import type { Observation } from './observe/observe.js';
import type { PollRecord } from './publish/metrics.js';
import { runInSlices } from './run-in-slices.js';

/** What one database answered, and when it was asked by the monotonic clock. */
export interface DatabaseReading extends DatabaseResult {
  readonly askedAtMs: number;
}

/** What a poll needs of the outside. app.ts passes the real ones. */
export interface CycleEffects {
  /**
   * Reads the world: what the databases have answered. One that can't be used is a result, not an
   * exception; one that is late is part of a later poll.
   */
  readonly observe: (previous: Assessment) => Promise<readonly DatabaseReading[]>;
  /** Takes the rows over into the memory, and tells what is remembered. */
  readonly remember: (observations: readonly Observation[]) => Promise<Memories>;
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
  config: AssessedDatabases,
  previous: Assessment,
): Promise<Assessment> {
  const readings = await effects.observe(previous);
  // Of several databases each may be late.
  if (readings.length === 0) return previous;
  const observations = readings.flatMap(({ result }) => (result.ok ? [result.observation] : []));
  const sees = observations.length > 0;
  const memories = sees ? await effects.remember(observations) : nothingRemembered;
  const startedAtMs = Math.min(...readings.map(({ askedAtMs }) => askedAtMs));
  const durationMs = effects.monotonicMs() - startedAtMs;

  const assessment = await runInSlices(assessDatabases(readings, memories, previous, config));

  const poll: PollRecord = {
    durationMs,
    failureReason: failureReason(assessment),
    clockSkewsMs: clockSkews(readings),
  };
  await effects.publish(assessment, poll);
  effects.tell(assessment, memories);
  if (sees) effects.refresh(assessment);
  await effects.watch(assessment, previous);
  effects.report(assessment, poll, previous);
  return assessment;
}

function failureReason({ databaseFailure, unread, sources }: Assessment): PollFailureReason | null {
  const away = databaseFailure ?? databasesAway({ unread })[0];
  if (away !== undefined) return away.reason;
  return [...sources.values()].some(({ up }) => up === false) ? 'source' : null;
}

function clockSkews(readings: readonly DatabaseReading[]): ReadonlyMap<string, number> {
  return new Map(
    readings.flatMap(({ database, result }) =>
      result.ok ? [[database, result.observation.clockSkewMs] as const] : [],
    ),
  );
}
