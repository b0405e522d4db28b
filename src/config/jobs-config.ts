import type { TableName } from './config.js';

/** How the jobs of pg_cron are judged. */
export interface CronConfig {
  /** Name of the database in which pg_cron keeps them. */
  readonly database: string;
  /** Jobs that must be there, by name, and the only ones watched; empty: whatever is there. */
  readonly jobs: readonly string[];
  /** A run that starts this much later than scheduled was missed. */
  readonly graceMs: number;
  /** A run that takes longer hangs. */
  readonly longestRunMs: number;
  /** Time zone of the schedules; null: the one that the database says. */
  readonly timeZone: string | null;
}

/** The scheduled jobs that keep a provider's tokens in use. */
export interface ProviderJobs {
  /** Names of jobs of pg_cron; `*` stands for anything. */
  readonly names: readonly string[];
  readonly log: JobLog | null;
}

/** A table in which the jobs themselves write how they went. Names are of its columns. */
export interface JobLog extends TableName {
  readonly job: string;
  readonly at: string;
  readonly status: string;
  readonly message: string;
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
  readonly optional: boolean;
}

/** Where it shows that a provider's webhooks arrive. */
export interface ProviderWebhooks {
  readonly arrivals: ArrivalTable | null;
  readonly events: EventTable | null;
  /** How far back delays and failures are looked at. */
  readonly windowMs: number;
  /** Nothing arrived for longer: silent. null: silence is no fault. */
  readonly silentAfterMs: number | null;
  /** Half of what arrived took longer: delayed. */
  readonly delayedAfterMs: number;
}

/** Rows that webhooks bring, or a column that says when the last one came. */
export interface ArrivalTable extends TableName {
  readonly receivedAt: string;
  /** When what a row tells of happened: the first of these that is not NULL. */
  readonly eventAt: readonly string[];
  readonly where: Readonly<Record<string, readonly string[]>>;
  /** Column → values of rows that no webhook brought. */
  readonly except: Readonly<Record<string, readonly string[]>>;
  readonly optional: boolean;
}

/** Events as the application took them in, with what became of each. */
export interface EventTable extends TableName {
  readonly at: string;
  readonly status: string;
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
  readonly where: Readonly<Record<string, readonly string[]>>;
  readonly optional: boolean;
}
