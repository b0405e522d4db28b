import type { CheckName } from './checks/check-name.js';
import type { JobRuns } from './job-runs.js';

/**
 * The evidence of one poll, as it is kept. Only what is out of the ordinary: an uneventful poll is
 * `{}`, and there are 5,760 of them in 48 hours.
 */
export interface WatchSample {
  /** Refreshes that succeeded and failed since the sample before. */
  readonly refreshed?: number;
  readonly failed?: number;
  /** Runs of scheduled jobs since the sample before, of all jobs; absent where there were none. */
  readonly runs?: JobRuns;
  /** How many findings were there and are accepted. */
  readonly accepted?: number;
  readonly findings?: readonly {
    readonly check: CheckName;
    readonly provider: string | null;
    readonly evidence: string;
  }[];
  /** What could not be observed. */
  readonly blind?: readonly {
    readonly check: CheckName;
    readonly provider: string | null;
    readonly because: string;
  }[];
}

/** A sample with its place in the watch. */
export interface KeptSample {
  readonly slot: number;
  readonly atMs: number;
  readonly sample: WatchSample;
}
