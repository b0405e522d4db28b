import type { SubjectTable, TableName } from './config.js';

/** What is asked for unless somebody says otherwise: only what is new. */
export const defaultSyncType = 'incremental';

/** Why a sync failed, in a word: the closed list. Words of a metric label. */
export const syncFailureReasons = [
  /** The user must authorize again. */
  'reauthorize',
  /** The provider refused the access token. */
  'auth',
  'rate_limited',
  /** The application's own settings. */
  'configuration',
  'quota',
  /** Nothing that anyone must do something about, such as a sync that was under way already. */
  'benign',
  'other',
] as const;
export type SyncFailureReason = (typeof syncFailureReasons)[number];

/** Rows of syncs that failed. What the messages say is untrusted and may hold secrets. */
export interface FailureTable extends SubjectTable {
  /** Columns that say why, the first that is not empty counts. */
  readonly message: readonly string[];
}

export interface FailurePattern {
  readonly pattern: RegExp;
  readonly reason: SyncFailureReason;
}

/** A table in which every run leaves a row with its outcome. */
export interface RunLog extends TableName {
  readonly at: string;
  readonly where: Readonly<Record<string, readonly string[]>>;
  readonly outcome: string;
  /** Values of `outcome` that say that a run ended well; those of a run that failed. */
  readonly succeeded: readonly string[];
  readonly failed: readonly string[];
  /** A column that is not empty where a run that ended well met errors. */
  readonly errors: string | null;
  readonly optional: boolean;
}

/** What syncs store, by when each item came in. */
export interface StoredItems extends TableName {
  readonly at: string;
  readonly where: Readonly<Record<string, readonly string[]>>;
  readonly optional: boolean;
}

/** When the application's syncs start, and how long after that they should have ended. */
export interface SyncSchedule {
  readonly cron: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly graceMs: number;
}

/** An endpoint of the application that syncs one user. */
export interface SyncEndpointConfig {
  readonly url: string;
  /** Values are secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; `{{subject}}`, `{{token_id}}` and `{{sync_type}}` in it are replaced. */
  readonly body: string;
  /** Requests in flight at a time. */
  readonly concurrency: number;
}
