import type { TestDatabase, TestRole } from '../support/postgres.js';
import { referenceSchema } from './poller.js';

/** Two active tokens and one that is switched off; every source of the preset has a row. */
const rows = `
INSERT INTO fathom_integrations
  (id, user_id, access_token, refresh_token, token_expires_at, fathom_user_email, is_active,
   last_sync_at, created_at)
VALUES
  ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-0000000000aa', 'planted-access',
   'planted-refresh', now() + interval '20 days', 'ada@example.com', true, now() - interval '2 hours',
   now() - interval '90 days'),
  ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-0000000000bb', 'planted-access',
   'planted-refresh', now() - interval '1 day', 'bob@example.com', NULL, NULL, now() - interval '90 days'),
  ('00000000-0000-0000-0000-00000000000c', '00000000-0000-0000-0000-0000000000cc', 'planted-access',
   NULL, now() + interval '1 day', NULL, false, NULL, now() - interval '90 days');
INSERT INTO cron_job_logs (job_name, user_id, status, created_at)
VALUES ('fathom_hourly_sync', '00000000-0000-0000-0000-0000000000bb', 'success', now() - interval '3 hours');
INSERT INTO fathom_sync_state (user_id, integration_id, sync_status, last_sync_started_at)
VALUES ('00000000-0000-0000-0000-0000000000aa', '00000000-0000-0000-0000-00000000000a', 'syncing',
        now() - interval '1 hour')`;

export const idOf = {
  ada: '00000000-0000-0000-0000-00000000000a',
  bob: '00000000-0000-0000-0000-00000000000b',
  cy: '00000000-0000-0000-0000-00000000000c',
};

/** Empties the database, then fills it with the reference schema and a few rows. */
export async function loadReferenceRows(database: TestDatabase): Promise<void> {
  await emptySchema(database);
  await database.query(`${referenceSchema}; ${rows}`);
}

/** Empties the database: what a test of the same file left, its grants included. */
export async function emptySchema(database: TestDatabase): Promise<void> {
  await database.query(
    'DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC',
  );
}

/** Columns of the preset that are no secret, by table. */
export const columnsRead = {
  fathom_integrations:
    'id, user_id, fathom_user_email, token_expires_at, is_active, created_at, last_sync_at',
  fathom_sync_state:
    'user_id, sync_status, last_sync_started_at, last_sync_completed_at, updated_at, last_sync_error',
  cron_job_logs: 'user_id, job_name, status, created_at, message, error_details',
};

/** Lets `role` read just these columns, and every row: the least a monitoring role needs. */
export async function grantColumns(database: TestDatabase, role: TestRole): Promise<void> {
  for (const [table, columns] of Object.entries(columnsRead)) {
    await database.query(`GRANT SELECT (${columns}) ON ${table} TO ${role.name}`);
    await database.query(
      `CREATE POLICY monitoring ON ${table} FOR SELECT TO ${role.name} USING (true)`,
    );
  }
}
