import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { startTcpProxy } from '../database/tcp-proxy.js';
import type { TcpProxy } from '../database/tcp-proxy.js';
import { startExporter } from '../refresh/refresh-world.js';
import { findFreePort } from '../support/free-port.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';
import { until } from '../support/until.js';

const yaml = `
databases:
  billing: { url: '\${BILLING_DATABASE_URL}' }
  crm: { url: '\${CRM_DATABASE_URL}' }
providers:
  own: { table: tokens, columns: { id: id, subject: id, expires_at: expires_at } }
  stripe: { database: billing, table: tokens, columns: { id: id, subject: id, expires_at: expires_at } }
  hubspot: { database: crm, table: tokens, columns: { id: id, subject: id, expires_at: expires_at } }
`;

describe('providers in several databases', () => {
  let own: TestDatabase;
  let billing: TestDatabase;
  let crm: TestDatabase;
  let proxy: TcpProxy;
  let directory: string;
  let app: App | null = null;
  let lines: string[];
  beforeAll(async () => {
    [own, billing, crm] = (await Promise.all(
      [1, 2, 3].map(() => createDatabase(testServer17)),
    )) as [TestDatabase, TestDatabase, TestDatabase];
    directory = await mkdtemp(join(tmpdir(), 'several-databases-'));
    await writeFile(join(directory, 'config.yaml'), yaml);
  });
  beforeEach(async () => {
    for (const [index, database] of [own, billing, crm].entries()) {
      await database.query(`
        DROP SCHEMA IF EXISTS oauth_token_exporter CASCADE;
        DROP TABLE IF EXISTS tokens;
        CREATE TABLE tokens (id text PRIMARY KEY, expires_at timestamptz);
        INSERT INTO tokens SELECT n, now() + interval '1 day' FROM generate_series(1, ${index + 1}) n`);
    }
    proxy = await startTcpProxy(Number(new URL(billing.url).port));
    lines = [];
  });
  afterEach(async () => {
    await app?.stop();
    app = null;
    await proxy.stop();
  });
  afterAll(async () => {
    await Promise.all([own.drop(), billing.drop(), crm.drop()]);
    await rm(directory, { recursive: true });
  });

  const start = async (env: NodeJS.ProcessEnv = {}) => {
    const throughProxy = new URL(billing.url);
    throughProxy.port = String(proxy.port);
    app = await startExporter(
      {
        DATABASE_URL: own.url,
        BILLING_DATABASE_URL: throughProxy.href,
        CRM_DATABASE_URL: crm.url,
        CONFIG_FILE: join(directory, 'config.yaml'),
        JOURNAL_DIR: join(directory, 'journal'),
        LISTEN_ADDRESS: '127.0.0.1:0',
        POLL_INTERVAL: '1s',
        INCIDENT_GROUP_WAIT: '0s',
        ...env,
      },
      lines,
    );
  };
  const get = async (path: string) => {
    const response = await fetch(`${app?.url ?? ''}${path}`);
    return { status: response.status, body: await response.text() };
  };
  const value = async (series: string): Promise<number | null> => {
    const line = (await get('/metrics')).body
      .split('\n')
      .find((each) => each.startsWith(`${series} `));
    return line === undefined ? null : Number(line.slice(series.length + 1));
  };
  const valid = (provider: string) =>
    value(`oauth_tokens{provider="${provider}",status="expiring_soon",active="true"}`);
  const up = (provider: string) =>
    value(`oauth_token_exporter_source_up{source="${provider}:tokens"}`);
  const add = (database: TestDatabase) =>
    database.query(`INSERT INTO tokens SELECT count(*) + 1, now() + interval '1 day' FROM tokens`);

  it('are each read in their own, and told together', async () => {
    await start();
    await until('it is ready', async () => (await get('/-/ready')).status === 200);
    expect([await valid('own'), await valid('stripe'), await valid('hubspot')]).toEqual([1, 2, 3]);
    const { body } = await get('/metrics');
    for (const against of ['database', 'database billing', 'database crm']) {
      expect(body).toContain(`oauth_token_exporter_clock_skew_seconds{against="${against}"}`);
    }
  });

  it('are shown fresh while the database of another hangs, which is named', async () => {
    await start();
    await until('it is ready', async () => (await get('/-/ready')).status === 200);
    proxy.fallSilent();
    await until('the one that hangs is down', async () => (await up('stripe')) === 0, {
      withinMs: 15_000,
    });
    // It is asked again and again, and hangs again and again. Whoever waited for it would show no row
    // before it is given up; on a slow machine another row, or another try, may be needed.
    for (const [database, provider] of [
      [own, 'own'],
      [crm, 'hubspot'],
    ] as const) {
      const isSeenMeanwhile = async () => {
        const asked = await until('it is asked', () => proxy.unanswered()[0]);
        const before = (await valid(provider)) ?? 0;
        await add(database);
        const isSeen = async () => (await valid(provider)) === before + 1;
        await until('the row is seen', isSeen, { withinMs: 30_000 });
        return proxy.unanswered().includes(asked);
      };
      await until('a row is seen while it is still asked', isSeenMeanwhile, { withinMs: 90_000 });
    }
    expect(await valid('stripe')).toBe(2);
    expect([await up('own'), await up('stripe'), await up('hubspot')]).toEqual([1, 0, 1]);
    await until('it is not ready', async () => (await get('/-/ready')).status === 503);
    const { body } = await get('/-/ready');
    expect(body).toContain('billing (127.0.0.1:');
    expect(body).not.toContain('hubspot');

    await add(billing);
    proxy.speakAgain();
    await until('it is back', async () => (await valid('stripe')) === 3, { withinMs: 15_000 });
    await until('it is ready again', async () => (await get('/-/ready')).status === 200);
  }, 240_000);

  it('do not wait at the start for one that is not there', async () => {
    const port = await findFreePort();
    await start({ CRM_DATABASE_URL: `postgresql://reader@127.0.0.1:${String(port)}/crm` });
    await until('the others are shown', async () => (await valid('stripe')) === 2);
    expect([await valid('own'), await valid('hubspot')]).toEqual([1, null]);
    expect([await up('own'), await up('hubspot')]).toEqual([1, 0]);
    expect((await get('/-/ready')).body).toContain(
      `nothing listens at crm (127.0.0.1:${String(port)}); start the database, or check host and port in CRM_DATABASE_URL`,
    );
    await until('people are told', () =>
      lines.some((line) => line.includes('Outages among the databases: 1') && line.includes('crm')),
    );
    const open = (cause: string) =>
      value(`oauth_incidents_open{provider="",cause="${cause}",severity="critical"}`);
    await until('its incident is open', async () => (await open('database_away')) === 1);
    expect(await open('database_down')).toBe(0);
  });
});
