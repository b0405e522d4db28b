import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { createDatabase, describeOnEachServer, type TestDatabase } from '../support/postgres.js';
import { createPoller, type Poller } from './poller.js';
import { loadReferenceRows } from './reference-rows.js';

const hourMs = 3_600_000;
let database: TestDatabase;
let poller: Poller;

const stored = async () => (await poller.poll()).providers.get('fathom')?.stored ?? null;
const hours = (ms: number | null | undefined) => (ms == null ? ms : Math.round(ms / hourMs));

const addMeeting = (hoursAgo: number, source = 'fathom') =>
  database.query(
    `INSERT INTO meetings (owner_user_id, created_at, source_type)
     VALUES (gen_random_uuid(), now() - $1::float8 * interval '1 hour', $2)`,
    [hoursAgo, source],
  );
const addRun = (hoursAgo: number, status = 'success', job = 'fathom_hourly_sync') =>
  database.query(
    `INSERT INTO cron_job_logs (job_name, status, created_at)
     VALUES ($3, $2, now() - $1::float8 * interval '1 hour')`,
    [hoursAgo, status, job],
  );

describeOnEachServer('what syncs that succeed have stored', (server) => {
  beforeAll(async () => {
    database = await createDatabase(server);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await loadReferenceRows(database);
    await database.query('DELETE FROM cron_job_logs');
    poller = createPoller(database.url);
  });
  afterEach(() => poller.close());

  it('is how long successes have come since the newest item, and how many', async () => {
    await addMeeting(50);
    await addMeeting(40);
    for (const hoursAgo of [45, 30, 20, 2]) await addRun(hoursAgo);
    const seen = await stored();
    expect(hours(seen?.nothingStoredMs)).toBe(38);
    expect(seen?.successes).toBe(3);
    await addMeeting(1);
    expect(await stored()).toMatchObject({ nothingStoredMs: 0, successes: 0 });
  });

  it('is told by successes only, of these jobs, and by items of this source', async () => {
    await addMeeting(40);
    await addMeeting(3, 'zoom');
    await addMeeting(-1);
    await addRun(30);
    await addRun(2, 'error');
    await addRun(2, 'triggered');
    await addRun(2, 'success', 'billing');
    await addRun(-1);
    const seen = await stored();
    expect(hours(seen?.nothingStoredMs)).toBe(10);
    expect(seen?.successes).toBe(1);
  });

  it('looks back for seven days, and knows no more where nothing was stored in them', async () => {
    await addMeeting(24 * 7 + 1);
    await addRun(24 * 7 + 0.5);
    expect(await stored()).toEqual({ lastStoredAtMs: null, nothingStoredMs: null, successes: 0 });
    await addRun(1);
    const seen = await stored();
    expect(hours(seen?.nothingStoredMs)).toBe(24 * 7);
    expect(seen).toMatchObject({ lastStoredAtMs: null, successes: 1 });
  });

  it('counts a run with errors inside, whose details it need not read', async () => {
    await addMeeting(40);
    await addRun(30);
    await database.query(`UPDATE cron_job_logs SET error_details = 'x'`);
    expect(await stored()).toMatchObject({ successes: 1 });
    await database.query('ALTER TABLE cron_job_logs DROP error_details');
    expect(await stored()).toMatchObject({ successes: 1 });
  });

  it.each([['DROP TABLE meetings'], ['DROP TABLE cron_job_logs']])(
    'is absent, and no fault, after %s',
    async (sql) => {
      await database.query(sql);
      expect((await poller.poll()).complete).toBe(true);
      expect(await stored()).toBeNull();
      expect(poller.source('fathom:stored')).toMatchObject({ state: 'absent', up: null });
    },
  );

  it('stays as it was where it can not be read any more, and says so', async () => {
    await addMeeting(40);
    await addRun(30);
    const before = await stored();
    await database.query('ALTER TABLE meetings DROP source_type');
    expect(await stored()).toEqual(before);
    expect(poller.source('fathom:stored')).toMatchObject({ state: 'drifted', up: false });
  });

  it('is not looked for where nothing is mapped', async () => {
    await poller.close();
    poller = createPoller(database.url, {
      yaml: 'providers: { fathom: { preset: fathom, syncs: { stored: null } } }',
    });
    expect(await stored()).toBeNull();
    expect(poller.source('fathom:stored')).toBeUndefined();
  });
});
