import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { paths } from '../../src/pages/links.js';
import { startRemedyWorld } from '../commands/remedy-world.js';
import type { RemedyWorld } from '../commands/remedy-world.js';
import { startTcpProxy } from '../database/tcp-proxy.js';
import type { TcpProxy } from '../database/tcp-proxy.js';
import { startExporter } from '../refresh/refresh-world.js';
import { startMailServer } from '../support/mail-server.js';
import type { MailServer } from '../support/mail-server.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';
import { until } from '../support/until.js';

const yaml = `
databases:
  billing: { url: '\${BILLING_DATABASE_URL}' }
providers:
  fathom: { preset: fathom }
  stripe:
    database: billing
    table: accounts
    columns: { id: id, subject: org, account: email, expires_at: expires_at, refresh_token: refresh_token }
mail:
  from: Example team <team@example.com>
  reconnect_url: https://app.example.com/settings
  automatic: true
`;

describe('what people get of providers in several databases', () => {
  let world: RemedyWorld;
  let billing: TestDatabase;
  let mail: MailServer;
  let proxy: TcpProxy;
  let app: App | null = null;
  let lines: string[];
  beforeAll(async () => {
    [world, billing, mail] = await Promise.all([
      startRemedyWorld(),
      createDatabase(testServer17),
      startMailServer(),
    ]);
    await writeFile(join(world.directory, 'config.yaml'), yaml);
    await billing.query(`CREATE TABLE accounts (id text PRIMARY KEY, org text, email text,
        expires_at timestamptz, refresh_token text);
      INSERT INTO accounts VALUES ('s1', 'acme', 'pay@example.com', now() + interval '1 day', 'r')`);
    const [id = ''] = await world.addTokens(1, '20 hours');
    await world.kill([id]);
    await world.addProfile(id, 'ada@example.com');
    await world.database.query(
      `INSERT INTO oauth_token_exporter.tokens (provider, token_id, subject, first_seen_at, active,
         expires_at, failures, failure_reason, failed_at, fingerprint, dead_since)
       SELECT 'stripe', 's1', 'acme', now() - interval '2 days', true, now() + interval '1 day', 2,
         'invalid_grant', now() - interval '1 hour', 'f', now() - interval '1 hour'`,
    );
  });
  beforeEach(async () => {
    proxy = await startTcpProxy(Number(new URL(billing.url).port));
    lines = [];
    mail.received.length = 0;
    await world.database.query('DELETE FROM oauth_token_exporter.reconnect_mails');
  });
  afterEach(async () => {
    await app?.stop();
    app = null;
    await proxy.stop();
  });
  afterAll(async () => {
    await Promise.all([mail.stop(), world.stop(), billing.drop()]);
  });

  const start = async () => {
    const throughProxy = new URL(billing.url);
    throughProxy.port = String(proxy.port);
    app = await startExporter(
      {
        ...world.env,
        BILLING_DATABASE_URL: throughProxy.href,
        CONFIG_FILE: join(world.directory, 'config.yaml'),
        SMTP_URL: mail.url,
        REFRESH_MODE: 'off',
        INCIDENT_GROUP_WAIT: '0s',
      },
      lines,
    );
  };
  const page = async (path: string) => {
    const response = await fetch(`${app?.url ?? ''}${path}`);
    const main = /<main[^]*<\/main>/.exec(await response.text())?.[0] ?? '';
    return { status: response.status, main };
  };
  const writtenTo = () => mail.received.map(({ to }) => to[0]).sort();
  const pages = Object.values(paths).filter(
    (path) => path !== paths.token && path !== paths.reconnectCsv,
  );

  it('is a mail to whose grant died, whichever database it is in', async () => {
    await start();
    await until('both have a mail', () => mail.received.length === 2);
    expect(writtenTo()).toEqual(['ada@example.com', 'pay@example.com']);
  });

  it('is no mail about a database that is away, and one, once, when it is back', async () => {
    proxy.fallSilent();
    await start();
    await until('the other has a mail', () => mail.received.length === 1);
    await until('its absence is told', () => lines.some((line) => line.includes('Outages among')));
    expect(writtenTo()).toEqual(['ada@example.com']);
    proxy.speakAgain();
    await until('it has one too', () => mail.received.length === 2, { withinMs: 30_000 });
    const before = lines.length;
    await until('polls went on', () => lines.length > before + 2, { withinMs: 30_000 });
    expect(writtenTo()).toEqual(['ada@example.com', 'pay@example.com']);
  });

  it('is every page, with the name of the database that was never there', async () => {
    proxy.fallSilent();
    await start();
    await until('it was given up', async () => (await page('/')).main.includes('billing ('), {
      withinMs: 30_000,
    });
    for (const path of pages) {
      const { status, main } = await page(path);
      expect(status, path).toBe(200);
      expect(main, path).toMatch(/billing \(127\.0\.0\.1:\d+\) did not answer in time/);
      expect(main, path).not.toContain('All is well');
    }
    expect((await page('/tokens')).main).toContain('fathom');
    expect((await page('/sources')).main).toMatch(/stripe:tokens[^]*unreachable/);
  }, 60_000);

  it('is every page as it was last known, when it has gone', async () => {
    await start();
    const { main } = await until('both are listed', async () => {
      const listed = await page('/tokens');
      return listed.main.includes('stripe') && listed.main.includes('fathom') && listed;
    });
    expect(main).not.toContain('billing (');
    proxy.fallSilent();
    await until('all know', async () => (await page('/tokens')).main.includes('billing ('), {
      withinMs: 30_000,
    });
    for (const path of pages) {
      const { status, main: shown } = await page(path);
      expect(status, path).toBe(200);
      expect(shown, path).toMatch(/billing \(127\.0\.0\.1:\d+\) did not answer in time/);
    }
    const token = await page('/token?provider=stripe&id=s1');
    expect(token.status).toBe(200);
    expect(token.main).toContain('acme');
    expect((await page('/')).main).toContain('Outages among the databases: 1');
  }, 60_000);
});
