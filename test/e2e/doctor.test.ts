import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../../src/commands/diagnose.js';
import { emptySchema, loadReferenceRows } from '../observe/reference-rows.js';
import {
  createDatabase,
  createRole,
  testServer17,
  type TestDatabase,
  type TestRole,
} from '../support/postgres.js';
import { runCli } from '../support/process.js';
import { writeConfigFile } from './config-file.js';

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase(testServer17);
});
afterEach(() => database.drop());

async function examine(url: string, env: Readonly<Record<string, string>> = {}) {
  const { code, stdout } = await runCli(['doctor', '--json'], { DATABASE_URL: url, ...env });
  return { code, findings: JSON.parse(stdout) as Finding[] };
}

const remediesOf = (findings: readonly Finding[], statement: string) =>
  findings.flatMap(({ remedy }) => (remedy?.startsWith(statement) === true ? [remedy] : []));

/** Does what the doctor says, until it says nothing more. */
async function obey(role: TestRole) {
  const pasted: string[] = [];
  for (let visit = 1; visit <= 6; visit += 1) {
    const { code, findings } = await examine(role.url);
    const remedies = [
      ...remediesOf(findings, 'GRANT'),
      ...remediesOf(findings, 'CREATE POLICY'),
    ].filter((remedy) => !pasted.includes(remedy));
    if (remedies.length === 0) return { code, findings, pasted };
    for (const remedy of remedies) await database.query(remedy);
    pasted.push(...remedies);
  }
  throw new Error(`the doctor is never content: ${pasted.join('\n')}`);
}

describe('doctor', () => {
  it('lists what it found', async () => {
    await loadReferenceRows(database);
    const { code, stdout, stderr } = await runCli(['doctor'], { DATABASE_URL: database.url });
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /^ok {7}database: connected to 127\.0\.0\.1:\d+ as postgres, PostgreSQL 17\./,
    );
    expect(stdout).toContain('ok       fathom:tokens: 2 active and 1 inactive token\n');
    expect(stdout).toContain('ok       fathom:cron_job_logs: readable\n');
    expect(stdout).toContain('ok       fathom:fathom_sync_state: readable\n');
    expect(stdout).not.toContain('PROBLEM');
    expect(code).toBe(0);
  });

  it('calls what may be absent absent, and asks nobody to create it', async () => {
    await database.query(
      `CREATE TABLE fathom_integrations (id int PRIMARY KEY, user_id int, token_expires_at timestamptz,
         is_active boolean, last_sync_at timestamptz)`,
    );
    const { code, findings } = await examine(database.url);
    expect(findings).toContainEqual({
      level: 'absent',
      subject: 'fathom:cron_job_logs',
      text: 'table public.cron_job_logs does not exist',
      remedy: null,
    });
    expect(findings.find(({ text }) => text.includes('fathom_user_email'))).toMatchObject({
      level: 'warning',
    });
    expect(code).toBe(0);
  });

  it('names a table that must be there and is not, and exits 1', async () => {
    const { code, findings } = await examine(database.url);
    expect(findings).toContainEqual({
      level: 'problem',
      subject: 'fathom:tokens',
      text: 'table public.fathom_integrations does not exist',
      remedy: 'create it, or map the right table in the configuration',
    });
    expect(code).toBe(1);
  });

  it('prints the GRANT and the CREATE POLICY that really help', { timeout: 60_000 }, async () => {
    await loadReferenceRows(database);
    const role = await createRole(database);
    const first = await examine(role.url);
    expect(first.code).toBe(1);
    expect(first.findings).toContainEqual({
      level: 'problem',
      subject: 'fathom:tokens',
      text: expect.stringMatching(/may not read .* of public\.fathom_integrations$/) as string,
      remedy: expect.stringMatching(/^GRANT /) as string,
    });

    const { code, findings, pasted } = await obey(role);
    expect(code).toBe(0);
    expect(findings.filter(({ level }) => level === 'problem')).toEqual([]);
    expect(findings.filter(({ text }) => text.includes("can't be read"))).toEqual([]);
    for (const source of ['fathom:tokens', 'fathom:cron_job_logs', 'fathom:fathom_sync_state']) {
      const found = findings.find(({ level, subject }) => level === 'ok' && subject === source);
      expect(found, source).toBeDefined();
    }
    expect(pasted.some((remedy) => remedy.startsWith('CREATE POLICY'))).toBe(true);

    const [secrets] = await database.query(
      `SELECT has_column_privilege($1, 'fathom_integrations', 'access_token', 'SELECT') AS access,
              has_column_privilege($1, 'fathom_integrations', 'refresh_token', 'SELECT') AS refresh`,
      [role.name],
    );
    expect(secrets).toEqual({ access: false, refresh: false });
  });

  it(
    'prints a view that shows whether there is a refresh token, and its mapping',
    { timeout: 60_000 },
    async () => {
      await loadReferenceRows(database);
      const role = await createRole(database);
      const { findings } = await obey(role);
      const [view] = remediesOf(findings, 'CREATE SCHEMA');
      expect(view).not.toMatch(/access_token/);
      await database.query(view!);

      const text = findings.find(({ remedy }) => remedy === view)!.text;
      const mapping = /\{table: .*\}\}/.exec(text)![0];
      const CONFIG_FILE = await writeConfigFile(
        `providers:\n  fathom: ${mapping.replace('{', '{preset: fathom, ')}\n`,
      );
      const mapped = await examine(role.url, { CONFIG_FILE });
      expect(mapped.code).toBe(0);
      expect(mapped.findings).toContainEqual({
        level: 'ok',
        subject: 'fathom:tokens',
        text: '2 active and 1 inactive token',
        remedy: null,
      });
      expect(remediesOf(mapped.findings, 'CREATE SCHEMA')).toEqual([]);
      // Nothing that the mapping reads was lost on the way: the sync evidence of the row neither.
      expect(mapped.findings.filter(({ text }) => text.includes("can't be read"))).toEqual([]);
      const [row] = await database.query(
        'SELECT count(last_sync_at)::int AS synced FROM monitoring.fathom_integrations WHERE has_refresh_token',
      );
      expect(row).toEqual({ synced: 1 });
    },
  );

  it('prints the CREATE INDEX that really helps', async () => {
    await loadReferenceRows(database);
    const before = await examine(database.url);
    const [index] = remediesOf(before.findings, 'CREATE INDEX');
    await database.query(index!);
    const after = await examine(database.url);
    expect(remediesOf(after.findings, 'CREATE INDEX')).toEqual([]);
  });

  it('quotes names that need it', async () => {
    await emptySchema(database);
    await database.query(
      `CREATE TABLE "Weird-Tokens" (id int PRIMARY KEY, "user" text, "Expires$At" timestamptz,
         "order" boolean, secret text);
       INSERT INTO "Weird-Tokens" VALUES (1, 'ada', now(), true, 'planted')`,
    );
    const CONFIG_FILE = await writeConfigFile(`
providers:
  weird:
    table: Weird-Tokens
    columns: {id: id, subject: user, expires_at: Expires$At, active: order, refresh_token: secret}`);
    const role = await createRole(database);
    await database.query(
      `GRANT SELECT (id, "user", "Expires$At", "order") ON "Weird-Tokens" TO ${role.name}`,
    );
    const { findings } = await examine(role.url, { CONFIG_FILE });
    const remedies = [
      ...remediesOf(findings, 'CREATE INDEX'),
      ...remediesOf(findings, 'CREATE SCHEMA'),
    ];
    expect(remedies).toHaveLength(2);
    for (const remedy of remedies) await database.query(remedy);
  });

  it('warns when no token lives as long as the EXPIRING SOON window', async () => {
    await loadReferenceRows(database);
    const warnings = async (env: Record<string, string> = {}) =>
      (await examine(database.url, env)).findings.filter(({ text }) => text.includes('VALID'));
    expect(await warnings()).toEqual([]);
    await database.query(`UPDATE fathom_integrations SET token_expires_at = now() + interval '20 h'
                          WHERE token_expires_at > now()`);
    expect(await warnings()).toEqual([
      {
        level: 'warning',
        subject: 'fathom:tokens',
        text:
          'no token expires later than 20 hours from now, which is less than the EXPIRING SOON ' +
          'window of 7 days: no token is VALID, however healthy',
        remedy: expect.stringContaining('set providers.fathom.expiring_soon') as string,
      },
    ]);
    const CONFIG_FILE = await writeConfigFile(
      'providers: {fathom: {preset: fathom, expiring_soon: 2h}}',
    );
    expect(await warnings({ CONFIG_FILE })).toEqual([]);
  });

  it('exits 3 when the database is away, 2 for a configuration it can not read', async () => {
    const away = await runCli(['doctor'], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
    expect([away.code, away.stdout]).toEqual([3, '']);
    expect(away.stderr).toMatch(/^nothing listens at 127\.0\.0\.1:1; start the database/);
    const unset = await runCli(['doctor']);
    expect([unset.code, unset.stdout]).toEqual([2, '']);
  });
});
