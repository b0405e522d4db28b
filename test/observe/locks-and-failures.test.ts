import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createDatabase,
  describeOnEachServer,
  testServer17,
  type TestDatabase,
  type TestServer,
} from '../support/postgres.js';
import { createPoller, type Poller } from './poller.js';
import { loadReferenceRows } from './reference-rows.js';

const timeoutMs = 4_000;

const yaml = `
providers:
  fathom:
    preset: fathom
  google:
    table: google_integrations
    columns: { id: id, subject: user_id, expires_at: expires_at, active: is_active }`;

let database: TestDatabase;
let poller: Poller;
let other: pg.Client;

function useDatabaseOf(server: TestServer) {
  beforeAll(async () => {
    database = await createDatabase(server);
    other = new pg.Client({ connectionString: database.url });
    await other.connect();
  });
  afterAll(async () => {
    await other.end();
    await database.drop();
  });
}
beforeEach(async () => {
  await loadReferenceRows(database);
  await database.query(`
    INSERT INTO google_integrations (user_id, email, access_token, expires_at)
    VALUES (gen_random_uuid(), 'eve@example.com', 'a', now() - interval '1 hour')`);
  poller = createPoller(database.url, { yaml, timeoutMs });
});
afterEach(async () => {
  await other.query('ROLLBACK');
  await poller.close();
});

const state = (name: string) => poller.source(name)?.state;
/** Makes a view of the table: every row of it, if `condition` can be computed. */
const replaceByView = (table: string, condition: string) =>
  database.query(`ALTER TABLE ${table} RENAME TO base;
    CREATE VIEW ${table} AS SELECT * FROM base WHERE ${condition}`);

describeOnEachServer('a table that another transaction locked', (server) => {
  useDatabaseOf(server);

  it('does not keep the others from being read', async () => {
    await other.query('BEGIN; LOCK TABLE fathom_integrations IN ACCESS EXCLUSIVE MODE');
    const startedAt = performance.now();
    const { databaseFailure, providers } = await poller.poll();

    expect(performance.now() - startedAt).toBeLessThan(timeoutMs);
    expect(databaseFailure).toBeNull();
    expect(poller.source('fathom:tokens')).toMatchObject({
      state: 'failed',
      up: false,
      reason: 'the statement failed: canceling statement due to lock timeout (55P03)',
      remedy: 'look for locks on the table and long statements in pg_stat_activity',
    });
    expect(state('google:tokens')).toBe('ok');
    expect(providers.get('google')?.tokens?.active.expired).toBe(1);

    await other.query('ROLLBACK');
    await poller.poll();
    expect(state('fathom:tokens')).toBe('ok');
  });
});

describe('one source that can not be read', () => {
  useDatabaseOf(testServer17);

  it('because a row makes its statement fail does not abort the others', async () => {
    await replaceByView('fathom_integrations', `1 / (id::text > '')::int > 1 / (id IS NULL)::int`);
    const { providers } = await poller.poll();
    expect(poller.source('fathom:tokens')).toMatchObject({ state: 'failed', up: false });
    expect(poller.source('fathom:tokens')?.reason).toContain('division by zero (22012)');
    expect(providers.get('google')?.tokens?.active.expired).toBe(1);
  });

  it('because its statement takes too long leaves time for the others', async () => {
    await replaceByView('fathom_integrations', 'pg_sleep(60) IS NOT NULL');
    const startedAt = performance.now();
    const { databaseFailure, providers } = await poller.poll();
    expect(performance.now() - startedAt).toBeLessThan(timeoutMs);
    expect(databaseFailure).toBeNull();
    expect(poller.source('fathom:tokens')).toMatchObject({ state: 'failed', up: false });
    expect(poller.source('fathom:tokens')?.reason).toContain('statement timeout (57014)');
    expect(providers.get('google')?.tokens?.total).toBe(1);
  });

  it('leaves time for the others also when it is not the only slow one', async () => {
    await replaceByView('google_integrations', 'pg_sleep(60) IS NOT NULL');
    const slow = '{ table: google_integrations, columns: { id: id, subject: user_id } }';
    const several = createPoller(database.url, {
      timeoutMs: 6_000,
      yaml: `providers: { one: ${slow}, two: ${slow}, fathom: { preset: fathom } }`,
    });
    const { databaseFailure, providers } = await several.poll();
    expect(databaseFailure).toBeNull();
    expect(several.source('one:tokens')?.state).toBe('failed');
    expect(several.source('two:tokens')?.state).toBe('failed');
    expect(providers.get('fathom')?.tokens?.total).toBe(3);
    await several.close();
  });

  it('because a log is locked taints what was read with it, and keeps the tokens', async () => {
    await poller.poll();
    await other.query('BEGIN; LOCK TABLE cron_job_logs IN ACCESS EXCLUSIVE MODE');
    const { complete, providers } = await poller.poll();
    expect(complete).toBe(false);
    expect(state('fathom:tokens')).toBe('ok');
    expect(poller.source('fathom:cron_job_logs')).toMatchObject({ state: 'failed', up: false });
    expect(providers.get('fathom')?.stuckSyncs).toBe(1);
  });

  it('because what shows running syncs fails leaves the log of finished ones alone', async () => {
    await replaceByView(
      'fathom_sync_state',
      `sync_status <> 'syncing' OR 1 / (sync_status <> 'syncing')::int = 1`,
    );
    const { providers } = await poller.poll();
    expect(state('fathom:fathom_sync_state')).toBe('failed');
    expect(state('fathom:cron_job_logs')).toBe('ok');
    expect(providers.get('fathom')?.syncs?.lastSuccess).toHaveLength(2);
    expect(providers.get('fathom')?.stuckSyncs).toBeNull();
  });
});
