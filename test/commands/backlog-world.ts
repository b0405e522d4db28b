import { migrate } from '../../src/store/migrate.js';
import { referenceSchema } from '../observe/poller.js';
import { emptySchema } from '../observe/reference-rows.js';
import type { SyncEndpoint } from '../remedy/sync-endpoint.js';
import { synced } from '../remedy/sync-endpoint.js';
import { openTestPool } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';

/** Empties the database, then makes the reference schema and a memory. */
export async function prepareBacklog(database: TestDatabase): Promise<void> {
  await emptySchema(database);
  await database.query(`${referenceSchema}; DROP SCHEMA IF EXISTS oauth_token_exporter CASCADE`);
  const pool = openTestPool(database.url, 1);
  await migrate(pool);
  await pool.end();
}

/** Adds users with a token and meetings that lack everything; returns them, who waits longest first. */
export async function addBacklog(
  database: TestDatabase,
  users: number,
  { meetings = 1, active = true }: { readonly meetings?: number; readonly active?: boolean } = {},
): Promise<string[]> {
  const rows = await database.query<{ user_id: string }>(
    `WITH users AS (
       INSERT INTO fathom_integrations (user_id, access_token, token_expires_at, is_active, last_sync_at)
       SELECT gen_random_uuid(), 'a', now(), $3, now() - interval '4 days' FROM generate_series(1, $1)
       RETURNING user_id
     ), numbered AS (SELECT user_id, row_number() OVER (ORDER BY user_id) AS n FROM users
     ), items AS (
       INSERT INTO meetings (owner_user_id, created_at)
       SELECT user_id, now() - interval '2 days' + n * interval '1 second'
       FROM numbered CROSS JOIN generate_series(1, $2)
     )
     SELECT user_id FROM numbered ORDER BY n`,
    [users, meetings, active],
  );
  return rows.map(({ user_id }) => user_id);
}

/** An application that syncs, and fills in later what was missing. */
export function onlySyncing(database: TestDatabase): SyncEndpoint['answer'] {
  return async (response, call, request) => {
    await database.query('UPDATE fathom_integrations SET last_sync_at = now() WHERE user_id = $1', [
      call.body.user_id,
    ]);
    await synced(response, call, request);
  };
}

/** An application that syncs, and fills in at once what was missing. */
export function catchingUp(database: TestDatabase): SyncEndpoint['answer'] {
  return async (response, call, request) => {
    await database.query(
      `UPDATE meetings SET transcript_text = 'spoken', summary = 'short' WHERE owner_user_id = $1`,
      [call.body.user_id],
    );
    await onlySyncing(database)(response, call, request);
  };
}
