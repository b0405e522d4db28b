import { writeFile } from 'node:fs/promises';
import { startServer } from '../../test/support/server-process.js';
import { findFreePort } from '../../test/support/free-port.js';
import { findProgram } from '../../test/support/system-servers.js';

/** An exporter of somebody else's, serving one series per token from its cache. */
export interface Peer {
  readonly name: string;
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const metric = 'oauth_token_expiration_timestamp_seconds';
const expiry = 'extract(epoch FROM token_expires_at)::float8';

/** Debian's prometheus-sql-exporter: it queries on a timer and serves what it found last. */
export async function startSqlExporter(databaseUrl: string, folder: string): Promise<Peer> {
  const port = await findFreePort();
  const name = 'prometheus-sql-exporter';
  const config = `${folder}/sql-exporter-${port}.yaml`;
  await writeFile(
    config,
    JSON.stringify({
      jobs: [
        {
          name: 'tokens',
          interval: '1h',
          connections: [withoutTls(databaseUrl)],
          queries: [
            {
              name: metric,
              help: 'Expiration of the access token.',
              labels: ['token_id'],
              values: ['expires'],
              query: `SELECT id::text AS token_id, ${expiry} AS expires FROM fathom_integrations`,
            },
          ],
        },
      ],
    }),
  );
  const url = `http://127.0.0.1:${port}/metrics`;
  const { stop } = await startServer({
    name,
    command: () => [need(name), '-config.file', config, '-web.listen-address', `127.0.0.1:${port}`],
    ready: () => shows(url, /^sql_oauth_token_expiration/m),
  });
  return { name, url, stop };
}

/** Debian's prometheus-postgres-exporter with one query of the user's, kept for an hour. */
export async function startPostgresExporter(databaseUrl: string, folder: string): Promise<Peer> {
  const port = await findFreePort();
  const name = 'prometheus-postgres-exporter';
  const queries = `${folder}/queries-${port}.yaml`;
  await writeFile(
    queries,
    JSON.stringify({
      oauth_token: {
        query: `SELECT id::text AS token_id, ${expiry} AS expiration_timestamp_seconds FROM fathom_integrations`,
        cache_seconds: 3600,
        metrics: [
          { token_id: { usage: 'LABEL', description: 'Id.' } },
          { expiration_timestamp_seconds: { usage: 'GAUGE', description: 'Expiration.' } },
        ],
      },
    }),
  );
  const url = `http://127.0.0.1:${port}/metrics`;
  const { stop } = await startServer({
    name,
    command: () => [
      '/usr/bin/env',
      `DATA_SOURCE_NAME=${withoutTls(databaseUrl)}`,
      need(name),
      `--web.listen-address=127.0.0.1:${port}`,
      `--extend.query-path=${queries}`,
      '--disable-default-metrics',
      '--disable-settings-metrics',
      '--no-collector.database',
      '--no-collector.bgwriter',
    ],
    ready: () => shows(url, /^oauth_token_expiration/m),
  });
  return { name, url, stop };
}

async function shows(url: string, pattern: RegExp): Promise<boolean> {
  return pattern.test(await (await fetch(url)).text());
}

function withoutTls(url: string): string {
  return `${url}?sslmode=disable`;
}

function need(program: string): string {
  const path = findProgram(program);
  if (path === null) {
    throw new Error(
      `${program} is not here; apt-get install --no-install-recommends ${program} brings it (its daemon need not run)`,
    );
  }
  return path;
}
