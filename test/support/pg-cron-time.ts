import type pg from 'pg';

/**
 * Moves everything that is recorded, the exporter's memory too, so many hours into the past: to
 * whoever looks now, so much time has passed. The trigger that bumps `updated_at` sleeps meanwhile.
 */
const moveBack = (hours: number) => `
DO $$
DECLARE target record;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR target IN
    SELECT c.table_schema, c.table_name,
           string_agg(format('%1$I = %1$I - interval ''${String(hours)} hours''', c.column_name), ', ') AS sets
    FROM information_schema.columns AS c JOIN information_schema.tables AS t
      USING (table_schema, table_name)
    WHERE c.data_type = 'timestamp with time zone' AND t.table_type = 'BASE TABLE'
      AND (c.table_schema IN ('public', 'oauth_token_exporter')
           OR (c.table_schema, c.table_name) = ('cron', 'job_run_details'))
    GROUP BY 1, 2
  LOOP
    EXECUTE format('UPDATE %I.%I SET %s', target.table_schema, target.table_name, target.sets);
  END LOOP;
END $$`;

/** What the job without its configuration left in each minute of that time: a run, and a line of its log. */
const runInVain = (hours: number) => `
INSERT INTO cron.job_run_details (jobid, runid, database, username, command, status, return_message,
                                  start_time, end_time)
SELECT jobid, nextval('cron.runid_seq'), database, username, command, 'succeeded', '1 row', minute, minute
FROM cron.job, generate_series(date_trunc('minute', now()) - interval '${String(hours)} hours',
                               now() - interval '1 minute', interval '1 minute') AS minute
ORDER BY minute;
INSERT INTO cron_job_logs (job_name, status, message, created_at)
SELECT 'fathom_cron_sync_v2', 'error', 'Supabase configuration missing', minute
FROM generate_series(date_trunc('minute', now()) - interval '${String(hours)} hours',
                     now() - interval '1 minute', interval '1 minute') AS minute`;

/**
 * Lets hours pass in which the application's job ran each minute and did nothing. The exporter must
 * not run meanwhile: it would see its own memory move.
 */
export async function letHoursPassInVain(admin: pg.Client, hours: number): Promise<void> {
  await admin.query(moveBack(hours));
  await admin.query(runInVain(hours));
}
