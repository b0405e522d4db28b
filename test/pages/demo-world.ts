import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startAppEndpoint } from '../../src/demo/app-endpoint.js';
import { startAuthorizationServer } from '../../src/demo/authorization-server.js';
import { loadWorld, worldFolder } from '../../src/demo/demo-world.js';
import { issueGrants } from '../../src/demo/issue-grants.js';
import { startExporter } from '../refresh/refresh-world.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';

/** The demo's world with an exporter in it, on the tests' own server. */
export interface DemoStage {
  readonly url: string;
  readonly adminToken: string;
  readonly database: TestDatabase;
  /** Until then the provider takes requests and answers none. */
  readonly letProviderAnswer: () => void;
  /** Whose refresh token is missing or refused authorizes again; rows that were switched off are on. */
  readonly reconnectEverybody: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startDemoStage(): Promise<DemoStage> {
  const database = await createDatabase(testServer17);
  await loadWorld(database.url);
  const server = await startAuthorizationServer({ accessTokenSeconds: 86_400, rotate: true });
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await issueGrants(client, server);
  await client.end();
  const endpoint = await startAppEndpoint(database.url, server);
  const directory = await mkdtemp(join(tmpdir(), 'demo-stage-'));
  let letProviderAnswer = () => {};
  const mayAnswer = new Promise<void>((resolve) => {
    letProviderAnswer = resolve;
  });
  server.use(async (_, next) => {
    await mayAnswer;
    await next();
  });
  const adminToken = randomBytes(15).toString('base64url');
  const app = await startExporter({
    DATABASE_URL: database.url,
    CONFIG_FILE: fileURLToPath(new URL('demo.yaml', worldFolder)),
    LISTEN_ADDRESS: '127.0.0.1:0',
    POLL_INTERVAL: '1s',
    JOURNAL_DIR: join(directory, 'journal'),
    FATHOM_CLIENT_ID: server.clientId,
    FATHOM_CLIENT_SECRET: server.clientSecret,
    FATHOM_TOKEN_ENDPOINT: server.tokenEndpoint,
    FATHOM_RATE_LIMIT: '500/s',
    INVALID_GRANT_CONFIRM_AFTER: '1s',
    INCIDENT_GROUP_WAIT: '0s',
    DEMO_REFRESH_MODE: 'on',
    DEMO_APP_ENDPOINT: endpoint.url,
    DEMO_APP_SERVICE_KEY: endpoint.serviceKey,
    ADMIN_TOKEN: adminToken,
  });

  const reconnect = async (table: string, expiry: string) => {
    const rows = await database.query<{ id: string; token: string | null }>(
      `SELECT id, refresh_token AS token FROM ${table}`,
    );
    for (const { id, token } of rows) {
      if (token !== null && (await server.isRefreshTokenValid(token))) continue;
      const grant = await server.issueGrant(id);
      await database.query(
        `UPDATE ${table} SET access_token = $2, refresh_token = $3,
           ${expiry} = now() + interval '1 day' WHERE id = $1`,
        [id, grant.accessToken, grant.refreshToken],
      );
    }
    await database.query(`UPDATE ${table} SET is_active = true`);
  };
  return {
    url: app.url,
    adminToken,
    database,
    letProviderAnswer,
    async reconnectEverybody() {
      await reconnect('fathom_integrations', 'token_expires_at');
      await reconnect('google_integrations', 'expires_at');
    },
    async stop() {
      letProviderAnswer();
      await app.stop();
      await endpoint.stop();
      await server.stop();
      await database.drop();
      await rm(directory, { recursive: true });
    },
  };
}
