import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../src/demo/embedded-postgres.js';

/** A server with tables of tokens like those of the reference deployment, and a place for files. */
export interface TokenWorld {
  readonly folder: string;
  readonly url: string;
  /** Creates a database of so many tokens and answers with its URL. */
  readonly createTokens: (database: string, tokens: number) => Promise<string>;
  /** The same database as a role sees it that may only read: no memory can be made there. */
  readonly asReader: (url: string) => string;
  /** Writes an exporter's configuration that shows every token, and answers with its path. */
  readonly writeConfig: (name: string, provider: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** The whole of the preset: expiries and last syncs. */
export const fathomProvider = 'fathom: { preset: fathom }';

/** Expiries alone: one series per token. */
export const bareProvider = `fathom:
    table: public.fathom_integrations
    columns: { id: id, subject: user_id, expires_at: token_expires_at }`;

export async function startTokenWorld(): Promise<TokenWorld> {
  const server = await startEmbeddedPostgres({ settings: { max_connections: '60' } });
  const folder = await mkdtemp(join(tmpdir(), 'bench-tokens-'));
  const run = async (url: string, sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  await run(server.url(), `CREATE ROLE reader LOGIN PASSWORD 'reader'`);
  return {
    folder,
    url: server.url(),
    async createTokens(database, tokens) {
      await run(server.url(), `CREATE DATABASE ${database}`);
      await run(server.url(database), tableOf(tokens));
      return server.url(database);
    },
    asReader(url) {
      const reader = new URL(url);
      reader.username = 'reader';
      reader.password = 'reader';
      return reader.href;
    },
    async writeConfig(name, provider) {
      const path = join(folder, `${name}.yaml`);
      await writeFile(path, `token_series_limit: 1000000\nproviders:\n  ${provider}\n`);
      return path;
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Ids are UUIDs as in life; one token in fifty is inactive, the expiries lie within 30 days. */
function tableOf(tokens: number): string {
  return `
    CREATE TABLE fathom_integrations (
      id uuid PRIMARY KEY, user_id uuid NOT NULL UNIQUE,
      access_token text NOT NULL, refresh_token text, token_expires_at timestamptz NOT NULL,
      fathom_user_id text, fathom_user_email text, scopes text[], is_active boolean DEFAULT true,
      last_sync_at timestamptz, created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now());
    INSERT INTO fathom_integrations
      (id, user_id, access_token, refresh_token, token_expires_at, fathom_user_email, is_active, last_sync_at)
    SELECT md5('id' || n)::uuid, md5('user' || n)::uuid, md5('access' || n), md5('refresh' || n),
           now() + n % 43200 * interval '1 minute', 'user' || n || '@example.com', n % 50 <> 0,
           now() - n % 600 * interval '1 second'
    FROM generate_series(1, ${tokens}) n;
    GRANT SELECT ON fathom_integrations TO reader;
    ANALYZE fathom_integrations`;
}
