import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startAppEndpoint } from './app-endpoint.js';
import { startAuthorizationServer } from './authorization-server.js';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgresOptions,
  type EmbeddedServer,
} from './embedded-postgres.js';
import { issueGrants } from './issue-grants.js';
import { startSlackSink } from './slack-sink.js';

/** The same folder from `src/demo` and from `dist/demo`: the world is data and is not compiled. */
export const worldFolder = new URL('../../src/demo/world/', import.meta.url);

const scripts = ['01-schema.sql', '02-incident.sql'];

export interface DemoWorld {
  /** Of the database with the incident, password included. */
  readonly url: string;
  /** What the exporter must be told to live in this world, secrets included. */
  readonly env: Readonly<Record<string, string>>;
  /** The page that shows what Slack would. */
  readonly slackUrl: string;
  /** What people log in with on the status page: random, and guards invented people only. */
  readonly adminToken: string;
  /** Ends the servers and deletes their data. Safe to repeat. */
  stop(): Promise<void>;
}

/**
 * Starts the world of the demo: an embedded PostgreSQL with the incident in its database `demo`,
 * an authorization server that knows the grants of its rows, and the application's own endpoint.
 */
export async function startDemoWorld(
  options: EmbeddedPostgresOptions & {
    /** Hears each message to people, as plain text. */
    readonly onMessage?: (text: string) => void;
  } = {},
): Promise<DemoWorld> {
  const started: { stop(): Promise<unknown> }[] = [];
  const stop = async () => {
    for (const each of started.splice(0).reverse()) await each.stop();
  };
  try {
    const database = await startEmbeddedPostgres(options);
    started.push(database);
    await createDatabase(database, 'demo');
    const url = database.url('demo');
    await loadWorld(url);

    const server = await startAuthorizationServer({ accessTokenSeconds: 86_400, rotate: true });
    started.push(server);
    await withClient(url, (client) => issueGrants(client, server));

    const app = await startAppEndpoint(url, server);
    started.push(app);
    const slack = await startSlackSink(options.onMessage ?? (() => undefined));
    started.push(slack);
    const adminToken = randomBytes(15).toString('base64url');
    const journal = await mkdtemp(join(tmpdir(), 'oauth-token-exporter-demo-'));
    started.push(deletedAtExit(journal));
    return {
      url,
      slackUrl: slack.pageUrl,
      adminToken,
      env: {
        DATABASE_URL: url,
        CONFIG_FILE: fileURLToPath(new URL('demo.yaml', worldFolder)),
        JOURNAL_DIR: join(journal, 'journal'),
        JOURNAL_KEY: randomBytes(32).toString('base64'),
        FATHOM_CLIENT_ID: server.clientId,
        FATHOM_CLIENT_SECRET: server.clientSecret,
        FATHOM_TOKEN_ENDPOINT: server.tokenEndpoint,
        // A person who watches waits for a death no longer than this.
        INVALID_GRANT_CONFIRM_AFTER: '10s',
        DEMO_REFRESH_MODE: 'on',
        DEMO_APP_ENDPOINT: app.url,
        DEMO_APP_SERVICE_KEY: app.serviceKey,
        SLACK_WEBHOOK_URL: slack.webhookUrl,
        SLACK_MENTION: '<!here>',
        ADMIN_TOKEN: adminToken,
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Deletes a folder when it is stopped, and when the process ends without stopping anything. */
function deletedAtExit(folder: string): { stop: () => Promise<void> } {
  const remove = () => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', remove);
  return {
    stop() {
      process.off('exit', remove);
      remove();
      return Promise.resolve();
    },
  };
}

/** Creates the reference schema and the incident in an empty database. */
export async function loadWorld(url: string): Promise<void> {
  await withClient(url, async (client) => {
    for (const script of scripts) {
      await client.query(await readFile(new URL(script, worldFolder), 'utf8'));
    }
  });
}

async function createDatabase(server: EmbeddedServer, name: string): Promise<void> {
  await withClient(server.url(), async (client) => {
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  });
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  // A connection that breaks fails the query too, which tells.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
