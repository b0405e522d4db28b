import type { Reading } from './reading.js';

/** One thing that is read, by name (`fathom:tokens`, `fathom:cron_job_logs`), and how it went. */
export interface SourceObservation {
  readonly name: string;
  readonly optional: boolean;
  readonly reading: Reading<unknown>;
}
