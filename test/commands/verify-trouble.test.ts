import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadWorld } from '../../src/demo/demo-world.js';
import { addJob } from '../observe/cron-tables.js';
import {
  createDatabase,
  createRole,
  testServer17,
  type TestDatabase,
  type TestRole,
} from '../support/postgres.js';
import { runCli } from '../support/process.js';
import { ada, healthy, loadHealthyWorld, runVerify, verdicts } from './verify-world.js';

let database: TestDatabase;
let role: TestRole;
let env: Record<string, string>;

beforeAll(async () => {
  database = await createDatabase(testServer17);
  role = await createRole(database);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await loadHealthyWorld(database);
  env = { DATABASE_URL: database.url };
});

describe('verify, in the incident itself,', () => {
  it('fails for the tokens, the people, the syncs and the job that did nothing', async () => {
    const demo = await createDatabase(testServer17);
    try {
      await loadWorld(demo.url);
      const { code, checks, evidence } = await verdicts({ DATABASE_URL: demo.url });
      expect(code).toBe(1);
      expect(checks).toEqual({
        token_statuses: 'fail',
        reconnections: 'fail',
        syncs: 'fail',
        sync_of_one_user: 'not_configured',
        cron_jobs: 'not_configured',
        job_log: 'fail',
        webhooks: 'unknown',
      });
      expect(evidence('token_statuses')).toMatch(/^35 EXPIRED, and nobody refreshes them/);
      expect(evidence('job_log')).toMatch(/Supabase configuration missing/);
    } finally {
      await demo.drop();
    }
  });
});

describe('verify, in a database that has drifted,', () => {
  it.each([
    ['the column of the expiry', 'fathom_integrations DROP COLUMN token_expires_at'],
    ['the column of the user', 'fathom_integrations DROP COLUMN user_id CASCADE'],
    ['the table of the tokens', 'fathom_integrations RENAME TO elsewhere'],
  ])('does not pass without %s, and says what is missing', async (_, alteration) => {
    await database.query(`ALTER TABLE ${alteration}`);
    const verified = await verdicts(env);
    expect(verified).toMatchObject({
      code: 3,
      checks: {
        token_statuses: 'unknown',
        reconnections: 'unknown',
        syncs: 'unknown',
        cron_jobs: 'pass',
        webhooks: 'pass',
      },
    });
    expect(verified.evidence('token_statuses')).toMatch(/does not exist|has no column/);
  });

  it('leaves out optional tables that are not there, and says so', async () => {
    await database.query('DROP TABLE meetings, webhook_events, cron_job_logs, fathom_sync_state');
    const { code, checks, evidence } = await verdicts(env);
    expect(checks).toEqual({ ...healthy, job_log: 'not_configured', webhooks: 'not_configured' });
    expect(code).toBe(0);
    expect(evidence('job_log')).toMatch(/cron_job_logs does not exist, and need not/);
  });

  it('does not know about a table that is there in another shape', async () => {
    await database.query(
      'ALTER TABLE meetings DROP COLUMN created_at; ALTER TABLE cron_job_logs DROP COLUMN status',
    );
    const { checks } = await verdicts(env);
    expect(checks).toEqual({
      ...healthy,
      syncs: 'unknown',
      job_log: 'unknown',
      webhooks: 'unknown',
    });
  });

  it('takes a missing scheduler for no fault, unless its jobs are remembered', async () => {
    await database.query('DROP SCHEMA cron CASCADE');
    expect((await verdicts(env)).checks['cron_jobs']).toBe('not_configured');
    await database.query(
      `INSERT INTO oauth_token_exporter.cron_jobs (name, schedule, active) VALUES ('x', '* * * * *', true)`,
    );
    expect((await verdicts(env)).checks['cron_jobs']).toBe('unknown');
  });
});

describe('verify, by a role that does not see everything,', () => {
  const asRole = () => ({ DATABASE_URL: role.url, STATE_DATABASE_URL: database.url });
  const open = (table: string, condition = 'true') =>
    database.query(`CREATE POLICY shown ON ${table} FOR SELECT USING (${condition})`);

  beforeEach(async () => {
    await database.query(
      `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role.name}; GRANT USAGE ON SCHEMA cron TO ${role.name}`,
    );
  });

  it('passes nothing that row-level security hides', async () => {
    const { code, checks, verdict } = await verdicts(asRole());
    expect({ code, verdict }).toEqual({ code: 3, verdict: 'unknown' });
    expect(Object.entries(checks).filter(([, each]) => each === 'pass')).toEqual([
      // Those tables have no policies here.
      ['cron_jobs', 'pass'],
    ]);
  });

  it('does not pass the part of the tokens that it is shown', async () => {
    await open('fathom_integrations', `user_id = '${ada}'`);
    const { checks, evidence } = await verdicts(asRole());
    expect(checks['token_statuses']).toBe('unknown');
    expect(evidence('token_statuses')).toMatch(/row-level security may hide rows/);
    expect(checks['reconnections']).toBe('unknown');
  });

  it('does not pass jobs that other users may have', async () => {
    for (const table of ['fathom_integrations', 'meetings']) await open(table);
    await database.query(
      `ALTER TABLE cron.job ENABLE ROW LEVEL SECURITY;
       CREATE POLICY own ON cron.job USING (jobname = 'fathom-hourly')`,
    );
    const { checks, evidence } = await verdicts(asRole());
    expect(checks).toMatchObject({ token_statuses: 'pass', cron_jobs: 'unknown' });
    expect(evidence('cron_jobs')).toMatch(/may hide jobs of other users/);
  });
});

describe('verify, where something is away,', () => {
  it('answers 3 and names the cause when the database is', async () => {
    const { code, stdout, stderr } = await runVerify({
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/x',
    });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/127\.0\.0\.1:1/);
  });

  it('judges what it can when only the memory is', async () => {
    const { code, checks, evidence } = await verdicts({
      ...env,
      STATE_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/x',
    });
    expect(code).toBe(3);
    expect(checks).toEqual({ ...healthy, reconnections: 'unknown' });
    expect(evidence('reconnections')).toMatch(/127\.0\.0\.1:1/);
  });

  it('refuses a provider that is not configured', async () => {
    expect(await runVerify(env, { provider: 'fathon' })).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('the output of verify', () => {
  const hostile = '\u001b[2J\u202e<!channel>\nPASS all: ok';

  it('escapes what data holds, and shows no account and no secret', async () => {
    await database.query(
      `DROP POLICY own_rows ON fathom_integrations;
       ALTER TABLE fathom_integrations ALTER COLUMN user_id TYPE text`,
    );
    await database.query(
      `UPDATE fathom_integrations SET user_id = $1, token_expires_at = now() - interval '1 day', is_active = false
       WHERE id = '${ada}'`,
      [hostile],
    );
    await database.query('UPDATE fathom_integrations SET fathom_user_email = $1', [hostile]);
    await database.query(
      `INSERT INTO cron_job_logs (job_name, status, message) VALUES ($1, 'error', $1 || ' configuration missing')`,
      [hostile],
    );
    await addJob(database, 2, hostile, '* * * * *');
    const { stdout } = await runVerify(env);
    expect(stdout).toContain('\\u{1b}[2J\\u{202e}<!channel>\\u{a}PASS all');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toMatch(/\u202e|^PASS all/m);
    expect(stdout).not.toMatch(/planted|example\.com/);
  });

  it('is JSON and nothing else with --json, from the command line too', async () => {
    const args = ['verify', '--json', '--provider', 'fathom', '--since', '2025-11-27'];
    const { code, stdout, stderr } = await runCli(args, env);
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    const verified = JSON.parse(stdout) as { since: string; verdict: string; checks: unknown[] };
    expect(verified).toMatchObject({ since: '2025-11-27T00:00:00.000Z', verdict: 'unknown' });
    expect(verified.checks).toHaveLength(7);
    const wrong = await runCli(['verify', '--since', 'yesterday'], env);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
  });
});
