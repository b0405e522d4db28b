import type { SourceObservation } from '../observe/source-observation.js';
import { unknown } from '../observe/reading.js';
import type { Reading, SourceState } from '../observe/reading.js';

/** How one source stands. */
export interface SourceAssessment {
  readonly name: string;
  readonly state: SourceState;
  /** null: an optional source that was never seen can't be down. */
  readonly up: boolean | null;
  /** Why it isn't up; null when it is, or needn't be. */
  readonly reason: string | null;
  readonly remedy: string | null;
  readonly notes: readonly string[];
}

/**
 * Judges every configured source.
 *
 * A source that must be there, or was seen before, is down when it can't be read. An optional one
 * that was never seen is merely absent: a database without it must not alert for ever. A source
 * that this poll did not reach keeps what was last known of it.
 */
export function assessSources(
  configured: readonly { readonly name: string; readonly optional: boolean }[],
  observed: readonly SourceObservation[],
  previous: ReadonlyMap<string, SourceAssessment>,
): SourceAssessment[] {
  return configured.flatMap(({ name, optional }) => {
    const source = observed.find((each) => each.name === name);
    const before = previous.get(name);
    if (source === undefined) return before === undefined ? [] : [before];
    return [assessSource(name, source.reading, optional && !wasSeen(before))];
  });
}

/** When the database can't be used, everything that should be up is down for that reason. */
export function sourcesUnreachable(
  configured: readonly { readonly name: string; readonly optional: boolean }[],
  previous: ReadonlyMap<string, SourceAssessment>,
  failure: { readonly message: string; readonly remedy: string },
): SourceAssessment[] {
  const reading = unknown('unreachable', failure.message, failure.remedy);
  return configured.flatMap(({ name, optional }) => {
    const before = previous.get(name);
    if (optional && !wasSeen(before)) return before === undefined ? [] : [before];
    return [assessSource(name, reading, false)];
  });
}

/** A source that was up once has `up` true or false for ever after. */
export function wasSeen(source: SourceAssessment | undefined): boolean {
  return source !== undefined && source.up !== null;
}

function assessSource(
  name: string,
  reading: Reading<unknown>,
  mayBeAbsent: boolean,
): SourceAssessment {
  if (reading.known) {
    return { name, state: 'ok', up: true, reason: null, remedy: null, notes: reading.notes };
  }
  const { reason, remedy } = reading;
  if (!mayBeAbsent) return { name, state: reading.state, up: false, reason, remedy, notes: [] };
  const state = reading.state === 'missing' ? 'absent' : reading.state;
  return { name, state, up: null, reason, remedy, notes: [] };
}
