import type { TableName } from '../config/config.js';
import type { Query } from '../database/read-snapshot.js';
import type { Catalog } from './catalog.js';
import { instantParameter } from './instant-sql.js';
import { cleanMessage } from './job-message.js';
import { findReadable, hiddenRows } from './readable-table.js';
import { known } from './reading.js';
import type { Reading } from './reading.js';

export const responseTable: TableName = { schema: 'net', table: '_http_response' };

/** A span of time in which the answers to a job's requests come in. */
export interface ResponseWindow {
  readonly jobId: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What pg_net got in answer within one window. Neither content nor headers are ever read. */
export interface ObservedResponses extends ResponseWindow {
  readonly succeeded: number;
  readonly failed: number;
  /** Of the newest that failed; null: it had none (no answer in time, no connection). */
  readonly failedStatus: number | null;
  /** `timed out`, or what pg_net says of a connection that failed; null: an answer came. */
  readonly failure: string | null;
}

/** Reads which answers came in within each window. pg_net keeps them for a few hours. */
export async function readResponses(
  query: Query,
  catalog: Catalog,
  windows: readonly ResponseWindow[],
): Promise<Reading<readonly ObservedResponses[]>> {
  const needed = ['status_code', 'timed_out', 'error_msg', 'created'];
  const found = findReadable(responseTable, needed, catalog);
  if (!found.known) return found;
  if (found.value.rowSecurity === 'restricted') return hiddenRows(responseTable, catalog.role);
  if (windows.length === 0) return known([]);
  const rows = await query<{
    succeeded: number;
    failed: number;
    status: number | null;
    failure: string | null;
  }>(
    `WITH answers AS (
       SELECT created, status_code, CASE WHEN timed_out THEN 'timed out' ELSE left(error_msg, 1000) END AS failure,
              coalesce(timed_out OR error_msg IS NOT NULL OR status_code >= 400, true) AS failed
       FROM net._http_response)
     SELECT count(*) FILTER (WHERE NOT failed)::float8 AS succeeded,
            count(*) FILTER (WHERE failed)::float8 AS failed,
            (array_agg(status_code ORDER BY created DESC) FILTER (WHERE failed))[1] AS status,
            (array_agg(failure ORDER BY created DESC) FILTER (WHERE failed))[1] AS failure
     FROM unnest($1::timestamptz[], $2::timestamptz[]) WITH ORDINALITY AS w(since, until, position)
     LEFT JOIN answers ON created >= since AND created < until
     GROUP BY position ORDER BY position`,
    [
      windows.map(({ fromMs }) => instantParameter(fromMs)),
      windows.map(({ toMs }) => instantParameter(toMs)),
    ],
  );
  return known(
    windows.map((window, index) => {
      const row = rows[index];
      return {
        ...window,
        succeeded: row?.succeeded ?? 0,
        failed: row?.failed ?? 0,
        failedStatus: row?.status ?? null,
        failure: row?.failure == null ? null : cleanMessage(row.failure),
      };
    }),
  );
}
