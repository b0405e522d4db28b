/** How a finished run can end. pg_cron has more words for one that has not ended. */
export const runOutcomes = ['succeeded', 'failed'] as const;
export type RunOutcome = (typeof runOutcomes)[number];

/** Which runs have been counted: all up to `lastRunId` except those that were not finished. */
export interface RunCursor {
  readonly lastRunId: number;
  readonly openRunIds: readonly number[];
}

/** What is known of the jobs beyond one poll. It outlives the process where there is a memory. */
export interface CronKnowledge {
  /** By name. */
  readonly jobs: ReadonlyMap<string, KnownJob>;
  /** Up to where runs are counted; null: counting has not begun. */
  readonly cursor: RunCursor | null;
  /** Runs counted so far, by the name of the job. */
  readonly totals: ReadonlyMap<string, Readonly<Record<RunOutcome, number>>>;
}

export interface KnownJob {
  readonly name: string;
  readonly schedule: string;
  /** Since when this schedule was seen; null: the job had run before it was first seen. */
  readonly scheduledSinceMs: number | null;
  readonly lastRunAtMs: number | null;
  readonly lastSuccessAtMs: number | null;
  /** When an active job was found inactive; null: it is active, or was never seen active. */
  readonly deactivatedAtMs: number | null;
  readonly active: boolean;
  /** When it was found gone. */
  readonly goneAtMs: number | null;
}
