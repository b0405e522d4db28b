import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import pg from 'pg';
import { loadConfig } from '../../src/config/load.js';
import { loadWorld, startDemoWorld, worldFolder } from '../../src/demo/demo-world.js';
import {
  createDatabase,
  createRole,
  describeOnEachServer,
  type TestDatabase,
} from '../support/postgres.js';

/** As the runbook has it. */
const runbookStatus = `CASE
  WHEN token_expires_at < NOW() THEN 'EXPIRED'
  WHEN token_expires_at < NOW() + INTERVAL '7 days' THEN 'EXPIRING SOON'
  ELSE 'VALID'
END`;

describeOnEachServer('the incident', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(server);
    await loadWorld(database.url);
  });
  afterAll(() => database.drop());

  const rows = (sql: string) => database.query(sql);
  const count = async (from: string) => {
    const [row] = await database.query<{ count: number }>(`SELECT count(*)::int FROM ${from}`);
    return row?.count;
  };

  it('has tokens of every status in the eyes of the runbook, active and not', async () => {
    const seen = await rows(
      `SELECT ${runbookStatus} AS status, coalesce(is_active, true) AS active, count(*)::int
       FROM fathom_integrations GROUP BY 1, 2 ORDER BY 1, 2`,
    );
    expect(seen).toEqual([
      { status: 'EXPIRED', active: false, count: 9 },
      { status: 'EXPIRED', active: true, count: 35 },
      { status: 'EXPIRING SOON', active: false, count: 3 },
      { status: 'EXPIRING SOON', active: true, count: 8 },
      { status: 'VALID', active: true, count: 5 },
    ]);
  });

  it('has a cohort that expired within three days', async () => {
    const cohort = `fathom_integrations
      WHERE token_expires_at BETWEEN now() - interval '3 days' AND now()`;
    expect(await count(cohort)).toBe(41);
    const [span] = await rows(
      `SELECT max(token_expires_at) - min(token_expires_at) > interval '2 days' AS long FROM ${cohort}`,
    );
    expect(span).toEqual({ long: true });
  });

  it('has tokens that live 24 hours, hence are always soon, and a few of 60 days', async () => {
    const soon = `fathom_integrations
      WHERE token_expires_at BETWEEN now() AND now() + interval '24 hours'`;
    expect(await count(soon)).toBe(11);
    expect(
      await count(`fathom_integrations WHERE token_expires_at > now() + interval '7 days'`),
    ).toBe(5);
  });

  it('has false deactivations: switched off with an expiry in the future', async () => {
    expect(
      await count('fathom_integrations WHERE NOT is_active AND token_expires_at > now()'),
    ).toBe(3);
  });

  it('has rows without is_active, without an account and without a refresh token', async () => {
    expect(await count('fathom_integrations WHERE is_active IS NULL')).toBe(2);
    expect(await count('fathom_integrations WHERE fathom_user_email IS NULL')).toBe(1);
    expect(await count('fathom_integrations WHERE refresh_token IS NULL')).toBe(2);
  });

  it('has one sync that is stuck, failed ones, and one person who never synced', async () => {
    expect(
      await count(
        `fathom_sync_state WHERE sync_status = 'syncing'
         AND last_sync_started_at < now() - interval '10 minutes'`,
      ),
    ).toBe(1);
    expect(await count(`fathom_sync_state WHERE sync_status = 'syncing'`)).toBe(1);
    expect(await count(`fathom_sync_state WHERE sync_status = 'error'`)).toBe(15);
    expect(
      await count(
        `fathom_integrations AS token WHERE last_sync_at IS NULL
         AND NOT EXISTS (SELECT FROM cron_job_logs WHERE user_id = token.user_id)
         AND NOT EXISTS (SELECT FROM fathom_sync_state WHERE user_id = token.user_id)`,
      ),
    ).toBe(1);
  });

  it('has an hourly job that succeeded for weeks and then only logged an error', async () => {
    const [row] = await rows(
      `SELECT
         max(created_at) FILTER (WHERE status = 'success')
           - min(created_at) FILTER (WHERE status = 'success') > interval '25 days' AS weeks,
         max(created_at) FILTER (WHERE status = 'success')
           < min(created_at) FILTER (WHERE status = 'error') AS then,
         count(*) FILTER (WHERE message = 'Supabase configuration missing')::int AS errors,
         min(created_at) > now() - interval '30 days' AS kept
       FROM cron_job_logs`,
    );
    expect(row).toEqual({ weeks: true, then: true, errors: 97, kept: true });
  });

  it('has Google tokens without expiry, and some whose status lies', async () => {
    expect(await count('google_integrations WHERE expires_at IS NULL')).toBe(2);
    expect(
      await count(`google_integrations WHERE token_status = 'valid' AND expires_at < now()`),
    ).toBe(2);
    expect(await count('google_integrations')).toBe(10);
  });

  it('has a profile for everybody, at an address that belongs to nobody', async () => {
    expect(
      await count('fathom_integrations JOIN profiles ON profiles.id = fathom_integrations.user_id'),
    ).toBe(60);
    expect(
      await count(
        `(SELECT email FROM profiles UNION ALL SELECT email FROM google_integrations
          UNION ALL SELECT fathom_user_email FROM fathom_integrations) AS address
         WHERE email !~ '@example\\.(com|org)$'`,
      ),
    ).toBe(0);
  });

  it('has nothing that could be taken for a real token', async () => {
    expect(
      await count(
        `(SELECT access_token, refresh_token FROM fathom_integrations
          UNION ALL SELECT access_token, refresh_token FROM google_integrations) AS token
         WHERE access_token !~ '^demo-[a-z-]+-\\d{1,4}$' OR refresh_token !~ '^demo-[a-z-]+-\\d{1,4}$'`,
      ),
    ).toBe(0);
  });

  it('agrees with itself: nothing synced, logged or expired before it was connected', async () => {
    expect(
      await count(
        `fathom_integrations AS token WHERE token_expires_at < created_at
         OR last_sync_at NOT BETWEEN created_at AND now() OR created_at > now()
         OR EXISTS (SELECT FROM cron_job_logs AS log WHERE log.user_id = token.user_id
                    AND log.created_at NOT BETWEEN token.created_at AND token_expires_at)
         OR EXISTS (SELECT FROM meetings WHERE owner_user_id = token.user_id
                    AND meetings.created_at NOT BETWEEN token.created_at AND token_expires_at)`,
      ),
    ).toBe(0);
    expect(await count("meetings WHERE created_at - meeting_end > interval '10 minutes'")).toBe(0);
    expect(await count('meetings')).toBeGreaterThan(500);
    expect(await count('integration_sync_logs')).toBe(await count('meetings'));
  });

  it('bumps updated_at whenever a row changes, for whatever reason', async () => {
    const [row] = await rows(
      `WITH changed AS (UPDATE fathom_integrations SET last_sync_at = last_sync_at RETURNING *)
       SELECT bool_and(updated_at = now()) AS bumped FROM changed`,
    );
    expect(row).toEqual({ bumped: true });
  });

  it('hides every row from a role that no policy names', async () => {
    const role = await createRole(database);
    await rows(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role.name}`);
    const client = new pg.Client({ connectionString: role.url });
    await client.connect();
    const tables = await database.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    expect(tables).toHaveLength(8);
    for (const { name } of tables) {
      expect((await client.query(`SELECT FROM ${name}`)).rowCount, name).toBe(0);
    }
    await client.end();
  });
});

describe('the demo', () => {
  it('starts with the incident in its database, and stops', async () => {
    const world = await startDemoWorld();
    expect(new URL(world.url).pathname).toBe('/demo');
    const client = new pg.Client({ connectionString: world.url });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query('SELECT count(*)::int FROM fathom_integrations');
    expect(rows).toEqual([{ count: 60 }]);
    await client.end();

    await world.stop();

    const late = new pg.Client({ connectionString: world.url });
    await expect(late.connect()).rejects.toThrow('ECONNREFUSED');
  });

  it('has a configuration like that of any user', () => {
    const env = {
      DATABASE_URL: 'postgres://127.0.0.1/demo',
      CONFIG_FILE: fileURLToPath(new URL('demo.yaml', worldFolder)),
    };
    const loaded = loadConfig(env, '/');
    expect(loaded).toMatchObject({ ok: true });
    const names = loaded.ok ? loaded.config.providers.map(({ name }) => name) : [];
    expect(names).toEqual(['fathom', 'google']);
  });
});
