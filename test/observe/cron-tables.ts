import type { TestDatabase } from '../support/postgres.js';

/** pg_cron's tables as version 1.6 has them, and pg_net's, for servers that have neither. */
const tables = `
CREATE SCHEMA cron;
CREATE TABLE cron.job (
  jobid bigint PRIMARY KEY, schedule text NOT NULL, command text NOT NULL,
  nodename text NOT NULL DEFAULT 'localhost', nodeport int NOT NULL DEFAULT 5432,
  database text NOT NULL DEFAULT current_database(), username text NOT NULL DEFAULT CURRENT_USER,
  active boolean NOT NULL DEFAULT true, jobname text);
CREATE SEQUENCE cron.runid_seq;
CREATE TABLE cron.job_run_details (
  jobid bigint, runid bigint PRIMARY KEY DEFAULT nextval('cron.runid_seq'), job_pid int, database text, username text, command text,
  status text, return_message text, start_time timestamptz, end_time timestamptz);
GRANT SELECT ON cron.job, cron.job_run_details TO PUBLIC`;

const responses = `
CREATE SCHEMA net;
CREATE UNLOGGED TABLE net._http_response (
  id bigint, status_code int, content_type text, headers jsonb, content text, timed_out bool,
  error_msg text, created timestamptz NOT NULL DEFAULT now());
CREATE FUNCTION net.http_post(url text, body jsonb) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'`;

export async function createCronTables(database: TestDatabase): Promise<void> {
  await database.query(tables);
}

export async function createResponses(database: TestDatabase): Promise<void> {
  await database.query(responses);
}

export async function dropCronTables(database: TestDatabase): Promise<void> {
  await database.query('DROP SCHEMA IF EXISTS cron CASCADE; DROP SCHEMA IF EXISTS net CASCADE');
}

/** A run of a job: how it ended, and how long ago it began, in minutes; null: it never did. */
export interface PlantedRun {
  readonly jobId?: number;
  readonly status?: string;
  readonly minutesAgo?: number | null;
  readonly message?: string;
  readonly username?: string;
}

/** Adds runs in the order given, each with the next id of pg_cron's own sequence. */
export async function addRuns(
  database: Pick<TestDatabase, 'query'>,
  ...runs: readonly PlantedRun[]
): Promise<number[]> {
  const ids: number[] = [];
  for (const {
    jobId = 1,
    status = 'succeeded',
    minutesAgo = 0,
    message = null,
    username,
  } of runs) {
    const [row] = await database.query<{ runid: number }>(
      `INSERT INTO cron.job_run_details (jobid, status, return_message, start_time, end_time, username)
       SELECT $1, $2, $3,
              now() - $4::float8 * interval '1 minute',
              CASE WHEN $2 IN ('succeeded', 'failed') THEN now() - $4::float8 * interval '1 minute' END,
              coalesce($5, current_user)
       RETURNING runid::float8 AS runid`,
      [jobId, status, message, minutesAgo, username ?? null],
    );
    ids.push(row!.runid);
  }
  return ids;
}

/** Adds a job. */
export async function addJob(
  database: Pick<TestDatabase, 'query'>,
  jobId: number,
  name: string | null,
  schedule: string,
  { command = 'SELECT 1', active = true, username = null as string | null } = {},
): Promise<void> {
  await database.query(
    `INSERT INTO cron.job (jobid, jobname, schedule, command, active, username)
     VALUES ($1, $2, $3, $4, $5, coalesce($6, current_user))`,
    [jobId, name, schedule, command, active, username],
  );
}
