import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addJob, addRuns } from '../observe/cron-tables.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import {
  ada,
  addLedger,
  bob,
  healthy,
  loadHealthyWorld,
  remember,
  runVerify,
  verdicts,
} from './verify-world.js';

let database: TestDatabase;
let env: Record<string, string>;

beforeAll(async () => {
  database = await createDatabase(testServer17);
  env = { DATABASE_URL: database.url };
});
afterAll(() => database.drop());
beforeEach(() => loadHealthyWorld(database));

const change = (columns: string, user = ada) =>
  database.query(`UPDATE fathom_integrations SET ${columns} WHERE user_id = '${user}'`);
const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);

describe('verify', () => {
  it('passes where everything that is configured speaks for it, and names what is not', async () => {
    const { code, checks, verdict, nextStep, evidence, stderr } = await verdicts(env);
    expect(checks).toEqual(healthy);
    expect({ code, verdict, stderr }).toEqual({ code: 0, verdict: 'pass', stderr: '' });
    expect(nextStep).toBe('watch start --for 48h');
    expect(evidence('token_statuses')).toBe('2 active: 2 EXPIRING SOON');
    expect(evidence('reconnections')).toBe('nobody was written to, and nobody is missing');
    expect(evidence('sync_of_one_user')).toBe('no sync endpoint is configured');
    expect(evidence('webhooks')).toMatch(/half of 6 within .* took at most 3 min/);
  });

  it('prints a line for each check in the order of the runbook, and the next step', async () => {
    await change(`token_expires_at = now() - interval '2 hours'`);
    await change(`token_expires_at = now() - interval '1 hour'`, bob);
    const { code, stdout } = await runVerify(env);
    expect(code).toBe(1);
    const lines = stdout.split('\n').filter((line) => /^[A-Za-z]/.test(line));
    expect(
      lines.map((line) =>
        line
          .split(/ {2}|:/)
          .filter(Boolean)
          .slice(0, 2),
      ),
    ).toEqual([
      ['FAIL', expect.stringContaining('fathom token statuses')],
      ['PASS', expect.stringContaining('fathom reconnections')],
      ['PASS', expect.stringContaining('fathom syncs')],
      ['not configured', expect.stringContaining('fathom sync of one user')],
      ['PASS', expect.stringContaining('cron jobs')],
      ['PASS', expect.stringContaining('fathom job log')],
      ['PASS', expect.stringContaining('fathom webhooks')],
      [expect.stringMatching(/^FAIL at /), expect.anything()],
    ]);
    expect(stdout).toMatch(
      /2 EXPIRED, and nobody refreshes them \(.*\); 2 active.*\n +next: refresh --due/,
    );
    expect(stdout).toMatch(/5 PASS, 1 FAIL, 1 not configured; next: refresh --due.*\n$/);
  });

  it('changes nothing: a second run says the same', async () => {
    const dump = () =>
      database.query(`SELECT (SELECT jsonb_agg(t) FROM oauth_token_exporter.tokens t) AS tokens,
        (SELECT jsonb_agg(l) FROM oauth_token_exporter.ledger l) AS ledger,
        (SELECT jsonb_agg(j) FROM oauth_token_exporter.cron_jobs j) AS jobs,
        (SELECT jsonb_agg(f ORDER BY id) FROM fathom_integrations f) AS rows`);
    const before = await dump();
    const first = await verdicts(env);
    expect((await verdicts(env)).checks).toEqual(first.checks);
    expect(await dump()).toEqual(before);
  });
});

describe('verify, on token statuses,', () => {
  it.each([
    [
      'a dead grant',
      () => remember(database, ada, `failures = 2, failed_at = now(), dead_since = now()`),
      '1 with a dead grant',
      'reconnect',
    ],
    [
      'a row that was switched off although it is valid',
      () => change('is_active = false'),
      '1 switched off although valid',
      'reactivate --falsely-deactivated',
    ],
  ])('fails for %s', async (_, arrange, evidence, next) => {
    await arrange();
    const verified = await verdicts(env);
    expect(verified).toMatchObject({ code: 1, checks: { token_statuses: 'fail' } });
    expect(verified.evidence('token_statuses')).toContain(evidence);
    expect(verified.next('token_statuses')).toBe(next);
  });

  it('fails for an expired token that the exporter is to refresh', async () => {
    await change(`token_expires_at = now() - interval '61 seconds'`);
    const refreshing = { ...env, FATHOM_CLIENT_ID: 'client', FATHOM_CLIENT_SECRET: 'secret' };
    const verified = await verdicts(refreshing);
    expect(verified.checks['token_statuses']).toBe('fail');
    expect(verified.evidence('token_statuses')).toContain(
      '1 expired although they should have been refreshed',
    );
  });

  it('does not know what an expired token means that nobody was seen to refresh', async () => {
    await database.query(
      `INSERT INTO fathom_integrations (user_id, access_token, refresh_token, token_expires_at, last_sync_at)
       SELECT gen_random_uuid(), 'a', 'r', now() + interval '1 hour', now() FROM generate_series(1, 2)`,
    );
    await change(`token_expires_at = now() - interval '2 hours'`);
    expect(await verdicts(env)).toMatchObject({ code: 3, checks: { token_statuses: 'unknown' } });
    // Where its application was seen to refresh it on use, it may lie expired in peace.
    await remember(database, ada, `expiry_moved_at = now() - interval '26 hours'`);
    await remember(database, bob, `expiry_moved_at = now() - interval '1 hour'`);
    const verified = await verdicts(env);
    expect(verified.checks['token_statuses']).toBe('pass');
    expect(verified.evidence('token_statuses')).toContain(
      '1 EXPIRED, as an application leaves an idle one',
    );
  });

  it('does not pass where no token is active, or there is none', async () => {
    await database.query(
      `UPDATE fathom_integrations SET is_active = false, token_expires_at = now() - interval '3 days'`,
    );
    const verified = await verdicts(env);
    expect(verified.checks).toMatchObject({ token_statuses: 'unknown', reconnections: 'unknown' });
    expect(verified.evidence('token_statuses')).toBe('none of 2 tokens is active');
    await database.query('TRUNCATE fathom_integrations CASCADE');
    expect(await verdicts(env)).toMatchObject({
      code: 3,
      checks: { token_statuses: 'unknown', reconnections: 'unknown', syncs: 'unknown' },
    });
  });
});

describe('verify, on reconnections,', () => {
  it('says who came back since, and fails while somebody has not', async () => {
    await addLedger(database, ada, 'first_seen', '3 days');
    await addLedger(database, ada, 'reauthorized', '1 hour');
    await addLedger(database, bob, 'reauthorized', '2 hours');
    const back = await verdicts(env, { since: hoursAgo(24) });
    expect(back.checks['reconnections']).toBe('pass');
    expect(back.evidence('reconnections')).toMatch(/2 of 2 came back, since 1 d ago/);
    await remember(database, bob, `failures = 2, failed_at = now(), dead_since = now()`);
    const missing = await verdicts(env, { since: hoursAgo(24) });
    expect(missing.checks['reconnections']).toBe('fail');
    expect(missing.evidence('reconnections')).toBe(
      `1 has not come back (${bob}); 1 of 2 came back, since 1 d ago`,
    );
  });

  it('does not answer for a time before its ledger begins', async () => {
    await addLedger(database, ada, 'first_seen', '1 hour');
    expect((await verdicts(env, { since: hoursAgo(2) })).checks['reconnections']).toBe('unknown');
    expect((await verdicts(env, { since: hoursAgo(0.5) })).checks['reconnections']).toBe('pass');
    expect((await verdicts(env, { since: hoursAgo(-1) })).checks['reconnections']).toBe('unknown');
  });

  it('fails for a row that was switched off since, not for one that was off before', async () => {
    await change(`is_active = false, token_expires_at = now() - interval '2 hours'`);
    await remember(database, ada, 'active = false');
    await addLedger(database, ada, 'first_seen', '9 days');
    await addLedger(database, ada, 'deactivated', '5 hours');
    expect((await verdicts(env, { since: hoursAgo(6) })).checks['reconnections']).toBe('fail');
    const later = await verdicts(env, { since: hoursAgo(4) });
    expect(later.checks['reconnections']).toBe('pass');
    expect(later.evidence('reconnections')).toContain('1 was switched off before that');
    // Without an instant nobody can say which incident it belongs to.
    expect((await verdicts(env)).checks['reconnections']).toBe('unknown');
  });

  it('knows nobody without a memory, and judges the rest', async () => {
    await database.query('DROP SCHEMA oauth_token_exporter CASCADE');
    const { code, checks, evidence } = await verdicts(env);
    expect(code).toBe(3);
    expect(checks).toEqual({ ...healthy, reconnections: 'unknown' });
    expect(evidence('reconnections')).toMatch(/start serve, or run migrate/);
  });
});

describe('verify, on syncs, jobs and webhooks,', () => {
  it('fails for what the incident began with: the job says its configuration is missing', async () => {
    await database.query(
      `INSERT INTO cron_job_logs (job_name, status, message)
       VALUES ('fathom_hourly_sync', 'error', 'Supabase configuration missing')`,
    );
    const verified = await verdicts(env);
    expect(verified).toMatchObject({
      code: 1,
      checks: { job_log: 'fail', token_statuses: 'pass' },
    });
    expect(verified.evidence('job_log')).toMatch(/configuration is missing: Supabase/);
  });

  it('fails for syncs that are overdue, stuck or failed', async () => {
    await change(`last_sync_at = now() - interval '73 hours'`);
    await database.query(
      `INSERT INTO fathom_sync_state (user_id, integration_id, sync_status, last_sync_started_at)
       VALUES ('${bob}', '${bob}', 'syncing', now() - interval '11 minutes');
       INSERT INTO fathom_sync_state (user_id, integration_id, sync_status, last_sync_error)
       VALUES ('${ada}', '${ada}', 'error', 'Fathom API error: 401')`,
    );
    const verified = await verdicts(env);
    expect(verified.checks['syncs']).toBe('fail');
    expect(verified.evidence('syncs')).toBe(
      `1 overdue; the last sync of 1 failed: auth (${ada}); 1 stuck: running for longer than stuck_after`,
    );
  });

  it('fails for a run that failed or was missed, and does not pass one that never ran', async () => {
    await addRuns(database, { minutesAgo: 0, status: 'failed', message: 'no route' });
    expect((await verdicts(env)).evidence('cron_jobs')).toMatch(/^fathom-hourly: .*no route/);
    await database.query('TRUNCATE cron.job_run_details');
    await addRuns(database, { minutesAgo: 30 });
    expect((await verdicts(env)).evidence('cron_jobs')).toMatch(/^fathom-hourly: missed/);
    await addRuns(database, { minutesAgo: 0 });
    await addJob(database, 2, 'daily', '0 3 * * *');
    const verified = await verdicts(env);
    expect(verified.checks['cron_jobs']).toBe('unknown');
    expect(verified.evidence('cron_jobs')).toMatch(/daily: it has not run yet; fathom-hourly: on/);
  });

  it('does not take a queued request for an answered one', async () => {
    await database.query(`UPDATE cron.job SET command = 'SELECT net.http_post(url := ''u'')'`);
    const verified = await verdicts(env);
    expect(verified.checks['cron_jobs']).toBe('unknown');
    expect(verified.evidence('cron_jobs')).toMatch(/what came of the jobs' requests can't be seen/);
  });

  it('fails for webhooks that come late, and does not know about too few', async () => {
    await database.query(`UPDATE meetings SET meeting_end = created_at - interval '3 hours'`);
    expect((await verdicts(env)).checks['webhooks']).toBe('fail');
    await database.query('DELETE FROM meetings WHERE id IN (SELECT id FROM meetings LIMIT 2)');
    expect((await verdicts(env)).checks['webhooks']).toBe('unknown');
    await database.query('TRUNCATE meetings');
    expect((await verdicts(env)).evidence('webhooks')).toMatch(/nothing has ever come/);
  });
});
