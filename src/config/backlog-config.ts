import type { TableName } from './config.js';

/** What an application stores of its subjects, and what may still be missing of it after an outage. */
export interface BacklogConfig extends TableName {
  /** Column that holds the subject. */
  readonly subject: string;
  /** Timestamp column: since when is asked by it. */
  readonly at: string;
  /** Columns that stay NULL or empty where the work was not finished. Their contents are never read. */
  readonly missing: readonly string[];
  /** Column → accepted values. */
  readonly where: Readonly<Record<string, readonly string[]>>;
}
