import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startAuthorizationServer } from '../../src/demo/authorization-server.js';
import type { AuthorizationServer } from '../../src/demo/authorization-server.js';
import { json, startSyncEndpoint, synced } from '../remedy/sync-endpoint.js';
import type { SyncEndpoint } from '../remedy/sync-endpoint.js';

/**
 * The function of the reference deployment's cron job: with its configuration it hands the syncs over
 * and does not wait for them; without, it writes so into its log and returns, which is a success.
 * A notification stands for pg_net's request: it leaves with the commit, and nothing comes back.
 */
const job = `
CREATE FUNCTION trigger_fathom_sync() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF nullif(current_setting('app.supabase_url', true), '') IS NULL THEN
    INSERT INTO cron_job_logs (job_name, status, message)
    VALUES ('fathom_cron_sync_v2', 'error', 'Supabase configuration missing');
    RETURN;
  END IF;
  INSERT INTO cron_job_logs (job_name, status, message)
  VALUES ('fathom_cron_sync_v2', 'triggered', 'Sync requested');
  PERFORM pg_notify('fathom_cron_sync', current_setting('app.supabase_url'));
END $$;
SELECT cron.schedule('fathom-sync', '* * * * *', 'SELECT trigger_fathom_sync()')`;

/** An application that refreshes a token only when it is about to use it, for a sync. */
export interface CronApplication {
  /** What SUPABASE_URL is for it. */
  readonly url: string;
  readonly serviceKey: string;
  readonly authorizationServer: AuthorizationServer;
  /** Every token that was ever in a row: what no output may contain. */
  readonly secrets: ReadonlySet<string>;
  /** Adds a connected user whose access token expires in so long (SQL interval). */
  readonly connect: (email: string, expiresIn: string) => Promise<void>;
  /** Gives the job its configuration, or takes it away: sessions that begin later see it. */
  readonly configure: (isThere: boolean) => Promise<void>;
  /** Runs the job once by hand, as a person does: in a session of its own. */
  readonly runByHand: () => Promise<void>;
  /** What kept it from syncing; must stay empty. */
  readonly faults: readonly string[];
  stop(): Promise<void>;
}

/** Starts the application on a database that has the reference schema and pg_cron, and schedules its job. */
export async function startCronApplication(url: string): Promise<CronApplication> {
  const authorizationServer = await startAuthorizationServer({
    accessTokenSeconds: 86_400,
    rotate: true,
  });
  const serviceKey = `planted-${randomBytes(12).toString('base64url')}`;
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  const listener = new pg.Client({ connectionString: url });
  pool.on('error', () => undefined);
  listener.on('error', () => undefined);
  const endpoint = await startSyncEndpoint();
  const secrets = new Set([serviceKey]);
  const faults: string[] = [];
  const database = new URL(url).pathname.slice(1);

  const keep = async (id: string): Promise<void> => {
    const { rows } = await pool.query<{ refresh_token: string }>(
      `SELECT refresh_token FROM fathom_integrations
       WHERE id = $1 AND token_expires_at < now() + interval '5 minutes'`,
      [id],
    );
    for (const { refresh_token } of rows) {
      const tokens = await refresh(authorizationServer, refresh_token);
      for (const token of [tokens.access_token, tokens.refresh_token]) secrets.add(token);
      await pool.query(
        `UPDATE fathom_integrations SET access_token = $2, refresh_token = $3,
           token_expires_at = now() + $4 * interval '1 second' WHERE id = $1`,
        [id, tokens.access_token, tokens.refresh_token, tokens.expires_in],
      );
    }
  };
  const syncUser = async (id: string): Promise<void> => {
    await keep(id);
    await pool.query('UPDATE fathom_integrations SET last_sync_at = now() WHERE id = $1', [id]);
  };
  const syncAll = async (): Promise<void> => {
    const { rows } = await pool.query<{ id: string }>('SELECT id FROM fathom_integrations');
    for (const { id } of rows) {
      await syncUser(id);
      await pool.query(
        `INSERT INTO cron_job_logs (job_name, user_id, status, message)
         SELECT 'fathom_cron_sync_v2', user_id, 'success', 'Synced' FROM fathom_integrations WHERE id = $1`,
        [id],
      );
    }
  };

  endpoint.answer = answerSyncs(serviceKey, async (userId) => {
    const { rows } = await pool.query<{ id: string }>(
      'SELECT id FROM fathom_integrations WHERE user_id = $1',
      [userId],
    );
    for (const { id } of rows) await syncUser(id);
  });
  let underWay = Promise.resolve();
  listener.on('notification', () => {
    underWay = underWay.then(syncAll).catch((error: unknown) => {
      faults.push(String(error));
    });
  });
  await pool.query(job);
  await listener.connect();
  await listener.query('LISTEN fathom_cron_sync');

  return {
    url: endpoint.url,
    serviceKey,
    authorizationServer,
    secrets,
    faults,
    connect: async (email, expiresIn) => {
      const grant = await authorizationServer.issueGrant(email);
      for (const token of [grant.accessToken, grant.refreshToken]) secrets.add(token);
      await pool.query(
        `WITH person AS (INSERT INTO profiles (id, email) VALUES (gen_random_uuid(), $1) RETURNING id)
         INSERT INTO fathom_integrations
           (user_id, access_token, refresh_token, token_expires_at, fathom_user_email, last_sync_at)
         SELECT id, $2, $3, now() + $4::interval, $1, now() FROM person`,
        [email, grant.accessToken, grant.refreshToken, expiresIn],
      );
    },
    configure: async (isThere) => {
      const setting = isThere
        ? `SET app.supabase_url = '${endpoint.url}'`
        : 'RESET app.supabase_url';
      await pool.query(`ALTER DATABASE ${pg.escapeIdentifier(database)} ${setting}`);
    },
    runByHand: async () => {
      const session = new pg.Client({ connectionString: url });
      await session.connect();
      await session.query('SELECT trigger_fathom_sync()').finally(() => session.end());
    },
    stop: async () => {
      await listener.end();
      await underWay;
      await pool.end();
      await endpoint.stop();
      await authorizationServer.stop();
    },
  };
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

async function refresh(server: AuthorizationServer, refreshToken: string): Promise<Tokens> {
  const response = await fetch(server.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: server.clientId,
      client_secret: server.clientSecret,
    }),
  });
  if (!response.ok) throw new Error(`the refresh was answered with ${String(response.status)}`);
  return (await response.json()) as Tokens;
}

function answerSyncs(
  serviceKey: string,
  syncUser: (userId: string) => Promise<void>,
): SyncEndpoint['answer'] {
  return async (response, call, request) => {
    const { headers, body } = call;
    if (headers.authorization !== `Bearer ${serviceKey}` || body.user_id === undefined) {
      return json(401, { success: false, error: 'unauthorized' })(response, call, request);
    }
    const done = await syncUser(body.user_id).then(
      () => true,
      () => false,
    );
    const answer = done ? synced : json(500, { success: false, error: 'the sync failed' });
    return answer(response, call, request);
  };
}
