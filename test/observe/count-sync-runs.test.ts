import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type pg from 'pg';
import { countSyncRuns } from '../../src/observe/count-sync-runs.js';
import { migrate } from '../../src/store/migrate.js';
import {
  createDatabase,
  openTestPool,
  testServer17,
  type TestDatabase,
} from '../support/postgres.js';
import { createPoller, referenceSchema, type Poller } from './poller.js';
import { emptySchema } from './reference-rows.js';

let database: TestDatabase;
let pool: pg.Pool;
const pollers: Poller[] = [];
beforeAll(async () => {
  database = await createDatabase(testServer17);
  pool = openTestPool(database.url, 4);
  await migrate(pool);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(async () => {
  await emptySchema(database);
  await database.query(referenceSchema);
  await database.query('DELETE FROM oauth_token_exporter.sync_logs');
});
afterEach(() => Promise.all(pollers.splice(0).map((poller) => poller.close())));

/** Counts as one replica does. */
function replica(yaml?: string) {
  const poller = createPoller(database.url, yaml === undefined ? {} : { yaml });
  pollers.push(poller);
  const [provider] = poller.config.providers;
  return () => countSyncRuns(poller.database, pool, provider!);
}

const log = (ago: string, status: string, job = 'fathom_hourly_sync', details = '') =>
  database.query(
    `INSERT INTO cron_job_logs (job_name, status, error_details, created_at)
     VALUES ($1, $2, $3, now() - $4::interval)`,
    [job, status, details, ago],
  );

/** As if the last count had been this long ago. */
const lastCounted = (ago: string) =>
  database.query(
    `UPDATE oauth_token_exporter.sync_logs
     SET counted_until = date_trunc('milliseconds', now() - $1::interval)`,
    [ago],
  );

const none = { success: 0, partial: 0, failed: 0 };

describe('runs of syncs', () => {
  it('that were there before a log is first seen are not counted', async () => {
    await log('10 minutes', 'success');
    const count = replica();
    expect(await count()).toEqual(none);
    expect(await count()).toEqual(none);
  });

  it('are counted by their outcome, once, and a restart counts none again', async () => {
    const count = replica();
    await count();
    await lastCounted('1 hour');
    await log('30 minutes', 'success');
    await log('30 minutes', 'success', 'fathom_cron_sync_v2');
    await log('20 minutes', 'success', 'fathom_hourly_sync', 'one meeting failed');
    await log('10 minutes', 'error');
    await log('10 minutes', 'triggered');
    await log('10 minutes', 'success', 'another_job');
    await log('2 hours', 'success');
    expect(await count()).toEqual({ success: 2, partial: 1, failed: 1 });
    expect(await count()).toEqual(none);
    expect(await replica()()).toEqual(none);
  });

  it('that ended within the last minute are counted later', async () => {
    const count = replica();
    await count();
    await lastCounted('1 hour');
    await log('30 seconds', 'success');
    expect(await count()).toEqual(none);
    await database.query("UPDATE cron_job_logs SET created_at = created_at - interval '1 minute'");
    await lastCounted('2 minutes');
    expect(await count()).toEqual({ ...none, success: 1 });
  });

  it('are counted by one of many replicas', async () => {
    const replicas = Array.from({ length: 4 }, () => replica());
    await replicas[0]?.();
    await lastCounted('1 hour');
    for (let run = 0; run < 25; run += 1) await log(`${run + 5} minutes`, 'success');
    const counts = await Promise.all(
      replicas.map(async (count) => {
        const first = await count();
        const second = await count();
        return (first?.success ?? 0) + (second?.success ?? 0);
      }),
    );
    expect(counts.reduce((sum, each) => sum + each, 0)).toBe(25);
  });

  it('are not counted again when the clock of the database was set back', async () => {
    const count = replica();
    await count();
    await log('5 minutes', 'success');
    await lastCounted('-10 minutes');
    expect(await count()).toEqual(none);
    expect(await count()).toEqual(none);
  });

  it('of a log that is not there are unknown, and not zero', async () => {
    await database.query('DROP TABLE cron_job_logs');
    expect(await replica()()).toBeNull();
  });

  it('of a mapping that was changed begin anew', async () => {
    const count = replica();
    await count();
    await lastCounted('1 hour');
    await log('30 minutes', 'success');
    const changed = replica(`
providers:
  fathom:
    preset: fathom
    syncs:
      runs: [{ table: cron_job_logs, at: created_at, outcome: status, succeeded: [success], failed: [error] }]`);
    expect(await changed()).toEqual(none);
    expect(await count()).toEqual({ ...none, success: 1 });
  });
});
