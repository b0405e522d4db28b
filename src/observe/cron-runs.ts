import type { TableName } from '../config/config.js';
import type { Query } from '../database/read-snapshot.js';
import type { RunCursor, RunOutcome } from '../store/cron-knowledge.js';
import type { Catalog } from './catalog.js';
import { epochMs } from './instant-sql.js';
import { cleanMessage, messageCharacters } from './job-message.js';
import { findReadable, hiddenRows } from './readable-table.js';
import { known, unknown } from './reading.js';
import type { Reading } from './reading.js';

export const runTable: TableName = { schema: 'cron', table: 'job_run_details' };

/** What the newest runs of a job say. */
export interface ObservedRuns {
  readonly jobId: number;
  /** null: no run of it has a time, for connecting failed. */
  readonly lastRunAtMs: number | null;
  readonly isRunning: boolean;
  readonly lastSuccessAtMs: number | null;
  /** Failed runs since the last success. */
  readonly failures: number;
  readonly lastFailure: { readonly atMs: number | null; readonly message: string } | null;
  /** Starts of the last two runs that succeeded, the newest first. */
  readonly successStartsMs: readonly number[];
}

/** Runs that finished between two cursors. */
export interface RunCount {
  /** null: nothing was counted before, and counting begins at `to`. */
  readonly from: RunCursor | null;
  readonly to: RunCursor;
  readonly counts: readonly {
    readonly jobId: number;
    readonly outcome: RunOutcome;
    readonly runs: number;
  }[];
}

export interface RunObservation {
  readonly runs: readonly ObservedRuns[];
  /** A job without runs here has none; else some may be hidden, or none are recorded. */
  readonly complete: boolean;
  readonly count: RunCount;
}

/** How many of the newest runs a poll looks at; a first look goes further back. */
const runsPerPoll = 10_000;
const runsAtFirst = 100_000;
/** Nothing that lies further back is counted any more. */
const countedAtMost = 1_000_000;

/**
 * Reads the newest runs of these jobs, and counts those that finished since `cursor`.
 *
 * The table has no index but that of the run, and nobody prunes it, so that a poll reads its end
 * only. A run that could not connect has no time: it stands for the time of the run before it.
 */
export async function readRuns(
  query: Query,
  catalog: Catalog,
  jobIds: readonly number[],
  cursor: RunCursor | null,
  isFirstLook: boolean,
): Promise<Reading<RunObservation>> {
  const found = findReadable(runTable, ['runid', 'jobid', 'status', 'start_time'], catalog);
  if (!found.known) return found;
  const readable = (column: string) => found.value.columns.get(column)?.selectable === true;
  const [newest] = await query<{ id: number | null }>(
    'SELECT max(runid)::float8 AS id FROM cron.job_run_details',
  );
  const newestId = newest?.id ?? null;
  const isRestricted = found.value.rowSecurity === 'restricted';
  if (newestId === null && isRestricted) return hiddenRows(runTable, catalog.role);
  const [setting] = await query<{ setting: string }>(
    "SELECT setting FROM pg_settings WHERE name = 'cron.log_run'",
  );
  if (setting?.setting === 'off') {
    return unknown(
      'missing',
      'pg_cron records no runs: its setting cron.log_run is off',
      'set cron.log_run = on in postgresql.conf, and restart the server',
    );
  }
  const runs = await query<RunsRow>(runsSql(readable('end_time'), readable('return_message')), [
    (newestId ?? 0) - (isFirstLook ? runsAtFirst : runsPerPoll),
    jobIds,
  ]);
  const notes = readable('return_message')
    ? []
    : ["column return_message can't be read, so why a job failed isn't shown"];
  const count = await countRuns(query, jobIds, cursor, newestId);
  const complete = !isRestricted && (newestId !== null || setting !== undefined);
  return known({ runs: runs.map(toRuns), complete, count }, notes);
}

/** How pg_cron calls a run that has not ended. */
export const unfinished = `('starting', 'running', 'sending', 'connecting')`;

interface RunsRow {
  job_id: number;
  last_run_ms: number | null;
  is_running: boolean;
  last_success_ms: number | null;
  failures: number;
  failed: boolean;
  failure_ms: number | null;
  failure_message: string | null;
  success_starts_ms: number[] | null;
}

const runsSql = (hasEnd: boolean, hasMessage: boolean): string => `
WITH recent AS MATERIALIZED (
  SELECT runid, jobid, status, start_time,
         ${hasEnd ? 'coalesce(end_time, start_time)' : 'start_time'} AS ended_at,
         coalesce(start_time, max(start_time) OVER (ORDER BY runid)) AS at
  FROM cron.job_run_details
  WHERE runid > $1
), newest AS (
  SELECT jobid, max(runid) AS run, max(at) AS at,
         max(runid) FILTER (WHERE status = 'succeeded') AS success,
         max(runid) FILTER (WHERE status NOT IN ${unfinished} AND status <> 'succeeded') AS failure,
         (array_agg(start_time ORDER BY runid DESC)
            FILTER (WHERE status = 'succeeded' AND start_time IS NOT NULL))[1:2] AS starts
  FROM recent WHERE jobid = ANY($2) GROUP BY jobid
), failures AS (
  SELECT jobid, count(*) AS count
  FROM recent JOIN newest USING (jobid)
  WHERE status NOT IN ${unfinished} AND status <> 'succeeded' AND runid > coalesce(success, 0)
  GROUP BY jobid
)
SELECT n.jobid::float8 AS job_id,
       ${epochMs('n.at')} AS last_run_ms,
       last.status IN ${unfinished} AS is_running,
       ${epochMs('success.ended_at')} AS last_success_ms,
       coalesce(failures.count, 0)::float8 AS failures,
       n.failure IS NOT NULL AS failed,
       ${epochMs('failure.at')} AS failure_ms,
       ${hasMessage ? `left(detail.return_message, ${String(messageCharacters)})` : 'NULL::text'} AS failure_message,
       (SELECT array_agg(${epochMs('start')}) FROM unnest(n.starts) AS start) AS success_starts_ms
FROM newest n
JOIN recent last ON last.runid = n.run
LEFT JOIN recent success ON success.runid = n.success
LEFT JOIN recent failure ON failure.runid = n.failure
LEFT JOIN cron.job_run_details detail ON detail.runid = n.failure
LEFT JOIN failures ON failures.jobid = n.jobid`;

function toRuns(row: RunsRow): ObservedRuns {
  return {
    jobId: row.job_id,
    lastRunAtMs: row.last_run_ms,
    isRunning: row.is_running,
    lastSuccessAtMs: row.last_success_ms,
    failures: row.failures,
    lastFailure: row.failed
      ? { atMs: row.failure_ms, message: cleanMessage(row.failure_message ?? '') }
      : null,
    successStartsMs: row.success_starts_ms ?? [],
  };
}

/** Counts what finished after `from`. Where the runs begin anew (pg_cron was re-created), so do we. */
async function countRuns(
  query: Query,
  jobIds: readonly number[],
  from: RunCursor | null,
  newestId: number | null,
): Promise<RunCount> {
  const isRestarted = from !== null && newestId !== null && newestId < from.lastRunId;
  const lastRunId = newestId ?? from?.lastRunId ?? 0;
  const after = from === null || isRestarted ? lastRunId : from.lastRunId;
  const open = isRestarted ? [] : (from?.openRunIds ?? []);
  const bounds = [Math.max(after, lastRunId - countedAtMost), lastRunId, open];
  const counts =
    from === null
      ? []
      : await query<{ jobId: number; outcome: RunOutcome; runs: number }>(
          `SELECT jobid::float8 AS "jobId",
                  CASE status WHEN 'succeeded' THEN 'succeeded' ELSE 'failed' END AS outcome,
                  count(*)::float8 AS runs
           FROM cron.job_run_details
           WHERE (runid > $1 AND runid <= $2 OR runid = ANY($3::bigint[]))
             AND status NOT IN ${unfinished} AND jobid = ANY($4)
           GROUP BY 1, 2`,
          [...bounds, jobIds],
        );
  const unfinishedRuns = await query<{ id: number }>(
    `SELECT runid::float8 AS id FROM cron.job_run_details
     WHERE (runid > $1 AND runid <= $2 OR runid = ANY($3::bigint[])) AND status IN ${unfinished}
     ORDER BY runid DESC LIMIT 1000`,
    from === null ? [lastRunId - mostOpenAtFirst, lastRunId, []] : bounds,
  );
  return { from, to: { lastRunId, openRunIds: unfinishedRuns.map(({ id }) => id) }, counts };
}

/** How far back a run may have begun that still runs when counting begins. */
const mostOpenAtFirst = 1_000;
