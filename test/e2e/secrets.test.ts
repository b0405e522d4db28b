import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadReferenceRows } from '../observe/reference-rows.js';
import {
  createDatabase,
  createRole,
  testServer17,
  type TestDatabase,
} from '../support/postgres.js';
import { runCli, type CommandResult } from '../support/process.js';
import { until } from '../support/until.js';
import { startExporter } from './exporter.js';

let database: TestDatabase;
let url: URL;
let planted: string[];
beforeAll(async () => {
  database = await createDatabase(testServer17);
  await loadReferenceRows(database);
  const role = await createRole(database, 'SUPERUSER');
  url = new URL(role.url);
  // A password as people have them: in the URL it is written otherwise than it is.
  const password = `p@ss:w/rd#${url.password}`;
  await database.query(`ALTER ROLE ${role.name} PASSWORD '${password}'`);
  url.password = encodeURIComponent(password);
  planted = [password, url.password, 'planted-access', 'planted-refresh'];
});
afterAll(() => database.drop());

function expectNoSecret(texts: Readonly<Record<string, string>>) {
  for (const [where, text] of Object.entries(texts)) {
    expect(
      planted.filter((secret) => text.includes(secret)),
      where,
    ).toEqual([]);
  }
}

const outputs = ({ stdout, stderr }: CommandResult) => ({ stdout, stderr });

describe('no secret shows', () => {
  it('in what the exporter serves and logs', async () => {
    const exporter = await startExporter({ DATABASE_URL: url.href, LOG_LEVEL: 'debug' });
    await exporter.ready();
    const paths = ['/', '/metrics', '/-/ready', '/-/healthy'];
    const pages = await Promise.all(paths.map(async (path) => [path, await exporter.get(path)]));
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1`,
      [url.username],
    );
    await exporter.waitForLine(/an idle connection to the database ended|poll failed/);
    const result = await exporter.stop();
    expect(result.code).toBe(0);
    expectNoSecret({ ...outputs(result), pages: JSON.stringify(pages) });
    expect(JSON.stringify(pages)).toContain('oauth_tokens{');
  });

  it('when the password is refused', async () => {
    const wrong = new URL(url.href);
    wrong.password = `${url.password}x`;
    const exporter = await startExporter({ DATABASE_URL: wrong.href, LOG_LEVEL: 'debug' });
    const page = await until('the cause is known', async () => {
      const { body } = await exporter.get('/-/ready');
      return body.includes('refused the user') && body;
    });
    const landing = (await exporter.get('/')).body;
    const metrics = (await exporter.get('/metrics')).body;
    expect(metrics).toMatch(/poll_failures_total\{reason="authentication"\} [1-9]/);
    expectNoSecret({ page, landing, metrics, ...outputs(await exporter.stop()) });
  });

  it.each([
    ['status'],
    ['status', '--json'],
    ['doctor'],
    ['doctor', '--json'],
    ['check-config'],
    ['start', '--password'],
  ])('in the output of %s %s', async (...args) => {
    const result = await runCli(args, { DATABASE_URL: url.href });
    expect(result.stdout + result.stderr).not.toBe('');
    expectNoSecret(outputs(result));
  });

  it.each([
    ['a port that is none', (text: string) => text.replace(/:(\d+)\//, ':port/')],
    ['another scheme', (text: string) => text.replace('postgres:', 'mysql:')],
    ['characters that are not encoded', (text: string) => decodeURIComponent(text)],
    ['a host that is not there', (text: string) => text.replace('127.0.0.1', '127.0.0.2:1,x')],
    ['an sslmode that is none', (text: string) => `${text}?sslmode=${planted[0]!}`],
  ])('when the URL has %s', async (_, spoil) => {
    const DATABASE_URL = spoil(url.href);
    for (const command of ['check-config', 'status']) {
      const result = await runCli([command], { DATABASE_URL });
      expect(result.code).toBe(2);
      expectNoSecret(outputs(result));
    }
  });
});
