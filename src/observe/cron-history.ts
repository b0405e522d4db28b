import type { CronConfig } from '../config/jobs-config.js';
import type { Query, Snapshot } from '../database/read-snapshot.js';
import { readCatalog } from './catalog.js';
import type { Catalog } from './catalog.js';
import { jobTable, readJobs } from './cron-jobs.js';
import type { JobList } from './cron-jobs.js';
import { runTable, unfinished } from './cron-runs.js';
import { epochMs, instantParameter } from './instant-sql.js';
import { cleanMessage, messageCharacters } from './job-message.js';
import { findReadable } from './readable-table.js';
import { readIsolated } from './read-isolated.js';
import { known } from './reading.js';
import type { Reading } from './reading.js';
import { lookBackMs } from './sync-history.js';
import type { PastWindow, Silence } from './sync-history.js';

/** What pg_cron still says of the runs of a job in a window. */
export interface JobHistory {
  readonly name: string;
  /** As it is now; null: it is switched off now. */
  readonly schedule: string | null;
  readonly succeeded: number;
  readonly failed: number;
  readonly firstFailure: { readonly atMs: number; readonly message: string } | null;
  /** The longest stretch without a run that reaches into the window; null: no run is recorded. */
  readonly silence: Silence | null;
}

export interface CronHistory {
  readonly jobs: readonly JobHistory[];
  /** Of the schedules. */
  readonly timeZone: string;
}

/** Reads what pg_cron recorded of its jobs around a window in the past. */
export async function readCronHistory(
  { query, isolated }: Snapshot,
  role: string,
  config: CronConfig,
  window: PastWindow,
): Promise<Reading<CronHistory>> {
  const catalog = await readCatalog(query, role, [jobTable, runTable]);
  return readIsolated(isolated, async () => {
    const list = await readJobs(query, catalog, config);
    return list.known ? readJobHistories(query, catalog, list.value, window) : list;
  });
}

interface HistoryRow {
  readonly job_id: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly failed_ms: number | null;
  readonly message: string | null;
  readonly from_ms: number | null;
  readonly to_ms: number | null;
}

async function readJobHistories(
  query: Query,
  catalog: Catalog,
  { jobs, timeZone }: JobList,
  { sinceMs, untilMs }: PastWindow,
): Promise<Reading<CronHistory>> {
  const found = findReadable(runTable, ['runid', 'jobid', 'status', 'start_time'], catalog);
  if (!found.known) return found;
  const hasMessage = found.value.columns.get('return_message')?.selectable === true;
  const rows = await query<HistoryRow>(historySql(hasMessage), [
    jobs.map(({ jobId }) => jobId),
    instantParameter(sinceMs - lookBackMs),
    instantParameter(sinceMs),
    instantParameter(untilMs),
  ]);
  const ofJob = new Map(rows.map((row) => [row.job_id, row]));
  return known({
    timeZone,
    jobs: jobs.map(({ jobId, name, schedule, active }): JobHistory => {
      const row = ofJob.get(jobId);
      const failedMs = row?.failed_ms ?? null;
      const fromMs = row?.from_ms ?? null;
      return {
        name,
        schedule: active ? schedule : null,
        succeeded: row?.succeeded ?? 0,
        failed: row?.failed ?? 0,
        firstFailure:
          failedMs === null ? null : { atMs: failedMs, message: cleanMessage(row?.message ?? '') },
        silence: fromMs === null ? null : { fromMs, toMs: row?.to_ms ?? null },
      };
    }),
  });
}

/** A run that could not connect has no time: it stands for the time of the run before it. */
const historySql = (hasMessage: boolean): string => `
WITH run AS (
  SELECT jobid, status,
         ${hasMessage ? `left(return_message, ${String(messageCharacters)})` : 'NULL::text'} AS message,
         coalesce(start_time, max(start_time) OVER (ORDER BY runid)) AS at
  FROM cron.job_run_details
), near AS (
  SELECT *, at >= $3::timestamptz AS inside,
         status <> 'succeeded' AND status NOT IN ${unfinished} AS failed,
         lead(at) OVER (PARTITION BY jobid ORDER BY at) AS next_at
  FROM run
  WHERE jobid = ANY($1) AND at >= $2::timestamptz AND at < $4::timestamptz
), job AS (
  SELECT jobid,
         count(*) FILTER (WHERE inside AND status = 'succeeded') AS succeeded,
         count(*) FILTER (WHERE inside AND failed) AS failed,
         min(at) FILTER (WHERE inside AND failed) AS failed_at,
         (array_agg(message ORDER BY at) FILTER (WHERE inside AND failed))[1] AS message
  FROM near GROUP BY jobid
), stretch AS (
  SELECT DISTINCT ON (jobid) jobid, at, next_at
  FROM near WHERE coalesce(next_at, $4::timestamptz) > $3::timestamptz
  ORDER BY jobid, coalesce(next_at, $4::timestamptz) - at DESC
)
SELECT jobid::float8 AS job_id, succeeded::float8 AS succeeded, failed::float8 AS failed,
       ${epochMs('failed_at')} AS failed_ms, message,
       ${epochMs('stretch.at')} AS from_ms, ${epochMs('stretch.next_at')} AS to_ms
FROM job LEFT JOIN stretch USING (jobid)`;
