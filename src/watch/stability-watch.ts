import type { NewWatch } from '../store/watches.js';
/** How much of the polls a watch must have seen, and how long it may have been blind at a time. */
export const requiredCoverage = 0.99;
export const longestGapMs = 5 * 60_000;

/** Polls must come at least this often: one that fails alone must not make a gap that is too long. */
export const longestPollIntervalMs = longestGapMs / 2;

/** Shape of what is kept as JSON. A watch of another shape is refused, not misread. */
export const watchFormat = 2;

/** A stability watch as a person started it. Instants are by the database's clock. */
export interface StabilityWatch extends NewWatch {
  readonly id: number;
}

export function durationMs({ startedAtMs, deadlineAtMs }: StabilityWatch): number {
  return deadlineAtMs - startedAtMs;
}
