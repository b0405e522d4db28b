import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from '../../src/app.js';
import { startApp } from '../../src/app.js';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { planConnections } from '../../src/database/plan-connections.js';
import { startAuthorizationServer } from '../../src/demo/authorization-server.js';
import type { AuthorizationServer } from '../../src/demo/authorization-server.js';
import { loadWorld } from '../../src/demo/demo-world.js';
import type { Log } from '../../src/log.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';

/** A database with the reference schema, a real authorization server, and grants of it in rows. */
export interface RefreshWorld {
  readonly database: TestDatabase;
  readonly server: AuthorizationServer;
  /** For journals. Deleted at the end. */
  readonly directory: string;
  /** Environment of an exporter in this world. */
  readonly env: NodeJS.ProcessEnv;
  /** Adds rows whose access tokens expire `expiresIn` from now (SQL interval); returns their ids. */
  readonly addTokens: (count: number, expiresIn: string) => Promise<string[]>;
  /** Rows whose refresh token the authorization server would accept. */
  readonly livingGrants: () => Promise<number>;
  /** Ids of the rows whose refresh token it would refuse. */
  readonly refusedTokens: () => Promise<ReadonlySet<string>>;
  /** Gives a row a new grant, as its user does by authorizing again. */
  readonly reauthorize: (tokenId: string, expiresIn: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startRefreshWorld(
  options: { readonly accessTokenSeconds?: number; readonly rotate?: boolean } = {},
): Promise<RefreshWorld> {
  const database = await createDatabase(testServer17);
  await loadWorld(database.url);
  await database.query('DELETE FROM fathom_integrations');
  const server = await startAuthorizationServer({
    accessTokenSeconds: options.accessTokenSeconds ?? 86_400,
    rotate: options.rotate ?? true,
  });
  const directory = await mkdtemp(join(tmpdir(), 'journal-test-'));
  const refusedTokens = async () => {
    const rows = await database.query<{ id: string; refresh_token: string }>(
      'SELECT id, refresh_token FROM fathom_integrations',
    );
    const refused = new Set<string>();
    for (const { id, refresh_token } of rows) {
      if (!(await server.isRefreshTokenValid(refresh_token))) refused.add(id);
    }
    return refused;
  };
  return {
    database,
    server,
    directory,
    env: {
      DATABASE_URL: database.url,
      LISTEN_ADDRESS: '127.0.0.1:0',
      POLL_INTERVAL: '1s',
      FATHOM_CLIENT_ID: server.clientId,
      FATHOM_CLIENT_SECRET: server.clientSecret,
      FATHOM_TOKEN_ENDPOINT: server.tokenEndpoint,
      FATHOM_RATE_LIMIT: '500/s',
      JOURNAL_DIR: join(directory, 'journal'),
    },
    addTokens: async (count, expiresIn) => {
      const ids: string[] = [];
      for (let index = 0; index < count; index += 1) {
        const grant = await server.issueGrant(`user-${String(index)}`);
        const [row] = await database.query<{ id: string }>(
          `INSERT INTO fathom_integrations (user_id, access_token, refresh_token, token_expires_at)
           VALUES (gen_random_uuid(), $1, $2, now() + $3::interval) RETURNING id`,
          [grant.accessToken, grant.refreshToken, expiresIn],
        );
        if (row !== undefined) ids.push(row.id);
      }
      return ids;
    },
    livingGrants: async () => {
      const [all] = await database.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM fathom_integrations',
      );
      return (all?.count ?? 0) - (await refusedTokens()).size;
    },
    refusedTokens,
    reauthorize: async (tokenId, expiresIn) => {
      const grant = await server.issueGrant(tokenId);
      await database.query(
        `UPDATE fathom_integrations SET access_token = $2, refresh_token = $3,
           token_expires_at = now() + $4::interval WHERE id = $1`,
        [tokenId, grant.accessToken, grant.refreshToken, expiresIn],
      );
    },
    stop: async () => {
      await server.stop();
      await database.drop();
      await rm(directory, { recursive: true });
    },
  };
}

/** The configuration of an exporter in this world. */
export function configOf(env: NodeJS.ProcessEnv): Config {
  const loaded = loadConfig(env, '/nowhere');
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

/** Starts the exporter in this process; `lines` gets what it logs. */
export async function startExporter(env: NodeJS.ProcessEnv, lines: string[] = []): Promise<App> {
  const config = configOf(env);
  const planned = planConnections(config);
  if (!planned.ok) throw new Error(JSON.stringify(planned.problems));
  const write = (message: string, fields: unknown = {}) => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
  };
  const log: Log = { debug: write, info: write, warn: write, error: write };
  return startApp(config, planned.plans, { version: 'test', demo: false }, log);
}
