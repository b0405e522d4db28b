import { epochMs } from './instant-sql.js';
import type { Query } from '../database/read-snapshot.js';
import { lastSuccessSql } from './last-success-sql.js';
import type { FailureSql } from './sync-failure-source.js';
import type { SyncEvidenceSql } from './sync-source.js';
import type { TokenSource } from './token-source.js';

/** A sync that failed after the last one that succeeded, of a token that is in use. */
export interface ObservedSyncFailure {
  readonly tokenId: string;
  readonly subject: string;
  readonly atMs: number;
  /**
   * Untrusted, and may hold a secret: it is there to be classified and never shown. null: the
   * application gave no reason, or it can't be read.
   */
  readonly message: string | null;
}

/** Of a message no more than this is read: it comes from anywhere and may be a page. */
const longestMessage = 1_000;

/** How many failures in a row are looked at, since the last one may mean nothing. */
const mostPerSubject = 5;

/**
 * Reads the failures of active tokens since their last success, the newest first.
 *
 * One that is stamped in the future is passed over: it would be newer than any repair for ever.
 */
export async function readSyncFailures(
  query: Query,
  tokens: TokenSource,
  evidence: SyncEvidenceSql,
  failures: readonly FailureSql[],
  now: Date,
): Promise<ObservedSyncFailure[]> {
  if (failures.length === 0) return [];
  const all = failures.map(({ sql }) => `SELECT subject, at, message FROM ${sql} AS failure`);
  return query<ObservedSyncFailure & Record<string, unknown>>(
    `SELECT id AS "tokenId", syncs.subject, ${epochMs('failed.at')} AS "atMs",
            left(failed.message, ${longestMessage}) AS message
     FROM ${lastSuccessSql(tokens, evidence)} AS syncs
     JOIN (SELECT subject, at, message,
                  row_number() OVER (PARTITION BY subject ORDER BY at DESC) AS place
           FROM (${all.join(' UNION ALL ')}) AS seen
           WHERE at <= $1::timestamptz) AS failed
       ON failed.subject = syncs.subject AND failed.place <= ${mostPerSubject}
     WHERE active AND id IS NOT NULL
       AND failed.at > coalesce(last_success_at, '-infinity'::timestamptz)
     ORDER BY failed.at DESC, id`,
    [now.toISOString()],
  );
}
