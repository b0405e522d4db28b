import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchReview } from '../../src/commands/watch-review.js';
import type { ReportFormat } from '../../src/commands/report-formats.js';
import { openPool } from '../../src/database/open-pool.js';
import { migrate } from '../../src/store/migrate.js';
import { capture } from '../commands/captured-command.js';
import { createCronTables, dropCronTables } from '../observe/cron-tables.js';
import { referenceSchema } from '../observe/poller.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';

let database: TestDatabase;

/**
 * Late November 2025 as the reference deployment recorded it: an hourly job that synced everybody,
 * until a setting of it was lost on the 26th. It went on to log an error every hour; the tokens, which
 * only a sync refreshed, lapsed one after the other within the next three days.
 */
beforeAll(async () => {
  database = await createDatabase(testServer17);
  await database.query(referenceSchema);
  await database.query(`
    INSERT INTO profiles (id, email)
    SELECT format('00000000-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid, n || '@example.com'
    FROM generate_series(1, 30) AS n;
    INSERT INTO fathom_integrations (user_id, access_token, refresh_token, token_expires_at, is_active,
                                     last_sync_at, created_at)
    SELECT id, 'access', 'refresh', timestamptz '2025-11-27 00:40Z' + n * interval '100 minutes',
           n % 10 <> 0, timestamptz '2025-11-26 00:40Z' + n * interval '38 minutes', '2025-10-01'
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM profiles) AS people;
    INSERT INTO cron_job_logs (job_name, user_id, status, message, created_at)
    SELECT 'fathom_hourly_sync', id, 'success', 'Synced', run
    FROM generate_series(timestamptz '2025-11-05 00:00Z', '2025-11-26 20:00Z', interval '1 hour') AS run,
         (SELECT id FROM profiles LIMIT 3) AS people;
    INSERT INTO cron_job_logs (job_name, status, message, created_at)
    SELECT 'fathom_hourly_sync', 'error', 'Supabase configuration missing', run
    FROM generate_series(timestamptz '2025-11-26 21:00Z', '2025-11-30 00:00Z', interval '1 hour') AS run`);
});
afterAll(() => database.drop());

const review = (since: string, length: string, format: ReportFormat = 'json') =>
  capture({ DATABASE_URL: database.url }, (context) =>
    watchReview(context, { sinceMs: Date.parse(since), for: length, providers: [], format }),
  );

interface ReviewJson {
  readonly verdict: string;
  readonly violations: readonly {
    readonly check: string;
    readonly at: string;
    readonly evidence: string;
  }[];
  readonly not_known: readonly string[];
}
const parse = (stdout: string) => JSON.parse(stdout) as ReviewJson;

describe('a look back at 27 to 29 November 2025', () => {
  it('is UNSTABLE, and its first cause is that the syncs stopped before the tokens expired', async () => {
    const { code, stdout } = await review('2025-11-27T00:00Z', '48h');
    const { verdict, violations } = parse(stdout);
    expect(code).toBe(1);
    expect(verdict).toBe('UNSTABLE');
    expect(violations).toEqual([
      {
        at: '2025-11-26T20:00:00.000Z',
        check: 'syncs_overdue',
        provider: 'fathom',
        evidence:
          'the syncs of fathom stopped: no success was recorded for 2 d 4 h after this; before, never for more than 1 h',
      },
      {
        at: '2025-11-27T02:20:00.000Z',
        check: 'tokens_expired',
        provider: 'fathom',
        evidence: expect.stringMatching(
          /^28 tokens of fathom expired from here to 2025-11-28 23:20:00Z and were not refreshed since, first .*; 2 of them are inactive now$/,
        ) as string,
      },
    ]);
  });

  it('says what cannot be known afterwards', async () => {
    const { stdout } = await review('2025-11-27T00:00Z', '48h', 'text');
    expect(stdout).toContain('first cause, 2025-11-26 20:00:00Z: the syncs of fathom stopped');
    expect(stdout).toContain('no polls of that time are kept');
    expect(stdout).toContain(
      'but for what they wrote into the logs of syncs: table cron.job does not exist\n',
    );
    expect(stdout).toContain('the exporter has no memory yet');
  });

  it('never calls a quiet window stable', async () => {
    const { code, stdout } = await review('2025-11-20T00:00Z', '48h');
    expect(parse(stdout)).toMatchObject({ verdict: 'INCONCLUSIVE', violations: [] });
    expect(code).toBe(3);
  });

  it('does not know the rhythm of syncs where the log does not reach back', async () => {
    const { stdout } = await review('2025-11-01T00:00Z', '24h');
    expect(parse(stdout).not_known).toContain(
      'syncs of fathom: no success is recorded in the window or the two weeks before',
    );
  });

  it('refuses a window that is not over', async () => {
    const { code, stderr } = await review(new Date().toISOString(), '48h');
    expect(code).toBe(2);
    expect(stderr).toContain('not over yet');
  });

  describe('where pg_cron kept its runs', () => {
    beforeAll(async () => {
      await createCronTables(database);
      await database.query(`
        INSERT INTO cron.job (jobid, schedule, command, jobname) VALUES
          (1, '0 * * * *', 'SELECT 1', 'hourly_sync'), (2, '30 3 * * *', 'SELECT 1', 'nightly'),
          (3, '0 4 * * *', 'SELECT 1', 'never_ran');
        INSERT INTO cron.job_run_details (jobid, status, return_message, start_time, end_time)
        SELECT 1, CASE WHEN run < '2025-11-18 13:00Z' THEN 'succeeded' ELSE 'failed' END,
               CASE WHEN run < '2025-11-18 13:00Z' THEN '1 row' ELSE 'ERROR:  <no> such setting' END,
               run + interval '2 seconds', run + interval '3 seconds'
        FROM generate_series(timestamptz '2025-11-10 00:00Z', '2025-11-18 15:00Z', interval '1 hour') AS run;
        INSERT INTO cron.job_run_details (jobid, status) VALUES (1, 'connection failed');
        INSERT INTO cron.job_run_details (jobid, status, start_time, end_time)
        SELECT 2, 'succeeded', run, run FROM generate_series(timestamptz '2025-11-10 03:30Z', '2025-11-20 03:30Z', interval '1 day') AS run
        WHERE run::date <> '2025-11-17'`);
    });
    afterAll(() => dropCronTables(database));

    it('names the runs that failed and those that were missed', async () => {
      const { code, stdout } = await review('2025-11-17T00:00Z', '48h');
      expect(code).toBe(1);
      expect(parse(stdout).violations.filter(({ check }) => check === 'cron_runs')).toEqual([
        {
          at: '2025-11-17T03:30:00.000Z',
          check: 'cron_runs',
          provider: null,
          evidence:
            'job nightly missed a run: its last run before that was at 2025-11-16 03:30:00Z; the next one was at 2025-11-18 03:30:00Z',
        },
        {
          at: '2025-11-18T13:00:02.000Z',
          check: 'cron_runs',
          provider: null,
          evidence:
            'a run of job hourly_sync failed, and 3 more in the window: ERROR:  <no> such setting',
        },
        {
          at: '2025-11-18T16:00:00.000Z',
          check: 'cron_runs',
          provider: null,
          evidence:
            'job hourly_sync missed 8 runs: its last run before that was at 2025-11-18 15:00:02Z',
        },
      ]);
    });

    it('says how many there were, and of which job nothing is known', async () => {
      const { stdout } = await review('2025-11-12T00:00Z', '48h', 'text');
      expect(stdout).toContain('hourly_sync: 48 runs succeeded, 0 failed');
      expect(stdout).toContain('nightly: 2 runs succeeded, 0 failed');
      expect(stdout).toContain(
        'runs of never_ran: none is recorded in the window or the two weeks before',
      );
      expect(stdout).not.toContain('missed 1');
    });
  });

  it('takes dead grants, lost rows and lost answers from the ledger, in the order of their time', async () => {
    const pool = openPool(
      { connectionString: database.url },
      { connectTimeoutMs: 5_000, onIdleError: () => undefined },
    );
    await migrate(pool);
    await pool.end();
    await database.query(`
      INSERT INTO oauth_token_exporter.ledger (at, provider, token_id, event, reason, actor) VALUES
        ('2025-11-20 05:00Z', 'fathom', 'a', 'died', 'invalid_grant', 'refresh'),
        ('2025-11-20 04:00Z', 'fathom', 'b', 'disappeared', NULL, 'poll'),
        ('2025-11-20 03:00Z', 'fathom', 'c', 'failed', 'storage', 'refresh'),
        ('2025-11-20 02:00Z', 'fathom', 'd', 'refreshed', NULL, 'refresh'),
        ('2025-11-22 00:00Z', 'fathom', 'e', 'died', 'invalid_grant', 'refresh')`);
    const { stdout } = await review('2025-11-20T00:00Z', '48h');
    expect(parse(stdout).violations.map(({ check, at }) => [check, at])).toEqual([
      ['rotations_lost', '2025-11-20T03:00:00.000Z'],
      ['tokens_lost', '2025-11-20T04:00:00.000Z'],
      ['grants_died', '2025-11-20T05:00:00.000Z'],
    ]);
  });
});
