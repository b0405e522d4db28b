import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { createPoller, type Poller } from './poller.js';
import { loadReferenceRows } from './reference-rows.js';

let database: TestDatabase;
let poller: Poller;
beforeAll(async () => {
  database = await createDatabase(testServer17);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await loadReferenceRows(database);
  poller = createPoller(database.url);
});
afterEach(() => poller.close());

const fathom = async () => (await poller.poll()).providers.get('fathom');
const tokens = () => poller.source('fathom:tokens');

describe('the table of tokens', () => {
  it('is missing once it was renamed away: counts stay, and it says which table', async () => {
    const before = await fathom();
    await database.query('ALTER TABLE fathom_integrations RENAME TO elsewhere');

    expect((await fathom())?.tokens).toEqual(before?.tokens);
    expect(tokens()).toMatchObject({
      state: 'missing',
      up: false,
      reason: 'table public.fathom_integrations does not exist',
    });

    await database.query('ALTER TABLE elsewhere RENAME TO fathom_integrations');
    await poller.poll();
    expect(tokens()).toMatchObject({ state: 'ok', up: true, reason: null });
  });

  it('is missing from the first poll on: down, and nothing is reported as zero', async () => {
    await database.query('DROP TABLE fathom_integrations CASCADE');
    expect((await fathom())?.tokens).toBeNull();
    expect(tokens()).toMatchObject({ state: 'missing', up: false });
  });

  it.each(['id', 'user_id', 'token_expires_at', 'is_active'])(
    'has drifted without its column %s, and says what it has instead',
    async (column) => {
      await database.query(`ALTER TABLE fathom_integrations RENAME ${column} TO another`);
      const { complete } = await poller.poll();
      expect(complete).toBe(false);
      expect(tokens()).toMatchObject({
        state: 'drifted',
        up: false,
        reason: `public.fathom_integrations has no column ${column}`,
      });
      expect(tokens()?.remedy).toContain('another');
    },
  );

  it.each([
    ['token_expires_at', 'text', 'is text, not a point in time'],
    ['token_expires_at', 'date', 'is date, not a point in time'],
    ['is_active', 'text', 'is text, not boolean'],
  ])('has drifted when %s became %s', async (column, type, reason) => {
    await database.query(`
      ALTER TABLE fathom_integrations ALTER ${column} DROP DEFAULT;
      ALTER TABLE fathom_integrations ALTER ${column} TYPE ${type} USING ${column}::text::${type}`);
    await poller.poll();
    expect(tokens()).toMatchObject({ state: 'drifted', up: false });
    expect(tokens()?.reason).toContain(reason);
  });

  it('is read without the columns that only inform, and notes them', async () => {
    await database.query(
      'ALTER TABLE fathom_integrations DROP fathom_user_email, DROP created_at, DROP refresh_token',
    );
    expect((await fathom())?.tokens?.total).toBe(3);
    expect(tokens()).toMatchObject({ state: 'ok', up: true });
    expect(tokens()?.notes).toEqual([
      "column fathom_user_email can't be read, so it is not shown",
      "column created_at can't be read, so a token never synced is never overdue",
    ]);
  });

  it('is read without a column that told of syncs, and notes that syncs may look older', async () => {
    await database.query('ALTER TABLE fathom_integrations DROP last_sync_at');
    expect((await fathom())?.tokens?.total).toBe(3);
    expect(tokens()?.notes).toEqual([
      "column last_sync_at can't be read, so syncs may look older than they are",
    ]);
  });
});

describe('an optional table', () => {
  it('that was never there is absent, and neither up nor down', async () => {
    await database.query('DROP TABLE cron_job_logs, fathom_sync_state');
    const { complete, providers } = await poller.poll();
    expect(complete).toBe(true);
    for (const name of ['fathom:cron_job_logs', 'fathom:fathom_sync_state']) {
      expect(poller.source(name)).toMatchObject({ state: 'absent', up: null });
    }
    expect(providers.get('fathom')?.syncs?.lastSuccess).toHaveLength(1);
    expect(providers.get('fathom')?.stuckSyncs).toBeNull();
  });

  it('that was seen and is gone is down, and the syncs keep their last values', async () => {
    const before = await fathom();
    await database.query('DROP TABLE cron_job_logs');
    const { complete, providers } = await poller.poll();
    expect(complete).toBe(false);
    expect(poller.source('fathom:cron_job_logs')).toMatchObject({ state: 'missing', up: false });
    expect(poller.source('fathom:fathom_sync_state')).toMatchObject({ state: 'ok', up: true });
    expect(providers.get('fathom')?.syncs).toEqual(before?.syncs);
  });

  it('has drifted when the column of its instant is none any more', async () => {
    await database.query('ALTER TABLE cron_job_logs ALTER created_at DROP DEFAULT');
    await database.query('ALTER TABLE cron_job_logs ALTER created_at TYPE text');
    await poller.poll();
    expect(poller.source('fathom:cron_job_logs')).toMatchObject({
      state: 'drifted',
      up: null,
      reason: 'column created_at of public.cron_job_logs is text, not a point in time',
    });
  });
});

it('is down from the start where a configuration file requires the table', async () => {
  const required = createPoller(database.url, {
    yaml: `
providers:
  fathom:
    preset: fathom
    syncs:
      last_success:
        - table: sync_log
          subject: user_id
          at: created_at`,
  });
  const { complete, providers } = await required.poll();
  expect(complete).toBe(false);
  expect(required.source('fathom:sync_log')).toMatchObject({ state: 'missing', up: false });
  expect(providers.get('fathom')?.syncs).toBeNull();
  await required.close();
});
