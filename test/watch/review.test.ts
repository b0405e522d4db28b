import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchReview } from '../../src/commands/watch-review.js';
import type { ReportFormat } from '../../src/commands/watch-report.js';
import { openPool } from '../../src/database/open-pool.js';
import { migrate } from '../../src/store/migrate.js';
import { capture } from '../commands/captured-command.js';
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
