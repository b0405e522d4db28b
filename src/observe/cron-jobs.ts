import type { CronConfig } from '../config/jobs-config.js';
import type { TableName } from '../config/config.js';
import type { Query } from '../database/read-snapshot.js';
import { displayName } from './catalog.js';
import type { Catalog } from './catalog.js';
import { findReadable, hiddenRows, quote } from './readable-table.js';
import { known, unknown } from './reading.js';
import type { Known, Reading } from './reading.js';

export const jobTable: TableName = { schema: 'cron', table: 'job' };

/** A job of pg_cron. Its command may hold a secret and is never read. */
export interface ObservedJob {
  readonly jobId: number;
  /** Unique: one without a name of its own, or of several with the same one, carries its id. */
  readonly name: string;
  readonly schedule: string;
  readonly active: boolean;
  /** Its command, or a function that the command calls, sends a request through pg_net. */
  readonly callsHttp: boolean;
}

export interface JobList {
  readonly jobs: readonly ObservedJob[];
  /** Every job there is can be seen, so one that is not in the list is not there. */
  readonly complete: boolean;
  /** Of their schedules. */
  readonly timeZone: string;
}

/** More jobs than that are not watched, for each has series of its own. */
const mostJobs = 200;

interface JobRow {
  job_id: number;
  name: string | null;
  schedule: string;
  active: boolean;
  calls_http: boolean;
}

/**
 * Reads the jobs: those that `config` names, else all of them.
 *
 * pg_cron shows each role only its own jobs, by row-level security. A role that sees none can't
 * tell whether there are any: that is hidden, and never "no jobs".
 */
export async function readJobs(
  query: Query,
  catalog: Catalog,
  config: CronConfig,
): Promise<Reading<JobList>> {
  const found = findReadable(jobTable, ['jobid', 'schedule'], catalog);
  if (!found.known) return found;
  const readable = (column: string) => found.value.columns.get(column)?.selectable === true;
  const name = readable('jobname') ? "nullif(jobname::text, '')" : 'NULL::text';
  const rows = await query<JobRow>(
    `SELECT jobid::float8 AS job_id, ${name} AS name, schedule::text AS schedule,
            ${readable('active') ? 'active' : 'true'} AS active,
            ${readable('command') ? callsHttpSql : 'false'} AS calls_http
     FROM cron.job
     WHERE cardinality($1::text[]) = 0 OR ${name} = ANY($1)
     ORDER BY jobid
     LIMIT ${String(mostJobs + 1)}`,
    [config.jobs],
  );
  const complete = found.value.rowSecurity !== 'restricted';
  const seen = new Set(rows.map((row) => row.name));
  const unseen = config.jobs.filter((job) => !seen.has(job));
  if (!complete && (rows.length === 0 || unseen.length > 0)) {
    return rows.length === 0 ? hiddenRows(jobTable, catalog.role) : hiddenJobs(unseen, catalog);
  }
  const zone = await readTimeZone(query, config);
  const notes = [
    ...zone.notes,
    ...(complete ? [] : [`row-level security may hide jobs of other users from ${catalog.role}`]),
    ...(rows.length > mostJobs
      ? [`only the first ${String(mostJobs)} jobs are watched: name those that matter in cron.jobs`]
      : []),
    ...(readable('command')
      ? []
      : [`column command can't be read, so what became of a job's HTTP calls isn't seen`]),
  ];
  const jobs = named(rows.slice(0, mostJobs));
  return known({ jobs, complete, timeZone: zone.value }, notes);
}

/** pg_cron's time zone is a setting that only some roles may see; versions before 1.6 have none. */
async function readTimeZone(query: Query, { timeZone }: CronConfig): Promise<Known<string>> {
  if (timeZone !== null) return known(timeZone);
  const [row] = await query<{ is_visible: boolean; zone: string | null }>(
    `SELECT count(*) > 0 AS is_visible, max(setting) FILTER (WHERE name = 'cron.timezone') AS zone
     FROM pg_settings WHERE name LIKE 'cron.%'`,
  );
  const notes =
    row?.is_visible === true
      ? []
      : [
          'the setting cron.timezone is hidden from this role, so schedules are taken to be in GMT: ' +
            'GRANT pg_read_all_settings to it, or set cron.time_zone',
        ];
  return known(row?.zone ?? 'GMT', notes);
}

const netCall = String.raw`'\mnet\.http_(get|post|delete)\M'`;

const callsHttpSql = `(command ~* ${netCall} OR EXISTS (
              SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'net')
                AND p.prosrc ~* ${netCall}
                AND strpos(job.command, p.proname) > 0))`;

function named(rows: readonly JobRow[]): ObservedJob[] {
  const uses = new Map<string | null, number>();
  for (const { name } of rows) uses.set(name, (uses.get(name) ?? 0) + 1);
  return rows.map((row) => {
    const id = `#${String(row.job_id)}`;
    const unique = uses.get(row.name) === 1;
    return {
      jobId: row.job_id,
      name: row.name === null ? id : unique ? row.name : `${row.name} ${id}`,
      schedule: row.schedule,
      active: row.active,
      callsHttp: row.calls_http,
    };
  });
}

function hiddenJobs(jobs: readonly string[], catalog: Catalog) {
  const { remedy } = hiddenRows(jobTable, catalog.role);
  return unknown(
    'hidden',
    `row-level security of ${displayName(jobTable)} shows the role ${catalog.role} no job ` +
      jobs.map(quote).join(', '),
    remedy,
  );
}
