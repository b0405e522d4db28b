import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CronJob } from '../../src/assess/cron-job.js';
import {
  createDatabase,
  createRole,
  describeOnEachServer,
  testServer17,
  type TestDatabase,
} from '../support/postgres.js';
import {
  addJob,
  addRuns,
  createCronTables,
  createResponses,
  dropCronTables,
} from './cron-tables.js';
import { createPoller, type Poller } from './poller.js';
import { loadReferenceRows } from './reference-rows.js';

let database: TestDatabase;
let poller: Poller;

const job = async (name: string): Promise<CronJob | undefined> =>
  (await poller.poll()).cron?.jobs.find((each) => each.name === name);
const reasons = async (name: string) => (await job(name))?.problems.map(({ reason }) => reason);
const stateOf = (name: string) => poller.source(name)?.state;
const totals = async (name: string) => (await poller.poll()).cron?.knowledge.totals.get(name);

describeOnEachServer('cron jobs', (server) => {
  beforeAll(async () => {
    database = await createDatabase(server);
    await loadReferenceRows(database);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await dropCronTables(database);
    await createCronTables(database);
    poller = createPoller(database.url);
  });
  afterEach(() => poller.close());

  it('show when they last ran and succeeded, and no problem', async () => {
    await addJob(database, 1, 'sync', '* * * * *');
    await addRuns(database, { minutesAgo: 2 }, { minutesAgo: 1 });
    const { cron, complete } = await poller.poll();
    expect(complete).toBe(true);
    expect(cron?.jobs).toMatchObject([
      { name: 'sync', schedule: '* * * * *', active: true, missed: null, problems: [] },
    ]);
    const { lastSuccessAtMs, lastRunAtMs } = cron!.jobs[0]!;
    expect(lastSuccessAtMs).toBe(lastRunAtMs);
    expect(Math.abs(Date.now() - 60_000 - lastSuccessAtMs!)).toBeLessThan(30_000);
  });

  it('are overdue when no run stands for the time of their schedule', async () => {
    await addJob(database, 1, 'sync', '* * * * *');
    await addRuns(database, { minutesAgo: 30 });
    expect((await job('sync'))?.missed?.runs).toBeGreaterThanOrEqual(23);
    await addRuns(database, { minutesAgo: 0 });
    expect((await job('sync'))?.missed).toBeNull();
  });

  it('fail with how often in a row, and the first line of what was said, without secrets', async () => {
    await addJob(database, 1, 'sync', '* * * * *');
    const message =
      'ERROR:  no route for ada@example.com with eyJhbGciOiJIUzI1NiJ9.e30.x1\nCONTEXT: …';
    await addRuns(
      database,
      { minutesAgo: 9, status: 'failed', message: 'old' },
      { minutesAgo: 8 },
      { minutesAgo: 2, status: 'failed', message: 'other' },
      { minutesAgo: 1, status: 'failed', message },
    );
    expect((await job('sync'))?.problems).toMatchObject([
      {
        reason: 'failing',
        failures: 2,
        message: 'ERROR:  no route for [address] with [secret]',
      },
    ]);
  });

  it('that could not connect have failed after the run before them', async () => {
    await addJob(database, 1, 'sync', '* * * * *');
    await addRuns(
      database,
      { minutesAgo: 1 },
      { minutesAgo: null, status: 'failed', message: 'connection failed' },
    );
    const { missed, problems } = (await job('sync'))!;
    expect(missed).toBeNull();
    expect(problems).toMatchObject([
      { reason: 'failing', failures: 1, message: 'connection failed' },
    ]);
  });

  it('hang when a run goes on for longer than an hour, and are then not overdue', async () => {
    await addJob(database, 1, 'sync', '* * * * *');
    await addRuns(database, { minutesAgo: 59, status: 'running' });
    expect(await reasons('sync')).toEqual([]);
    await addRuns(database, { minutesAgo: 61, status: 'running' });
    await database.query('DELETE FROM cron.job_run_details WHERE runid = 1');
    const { missed, problems } = (await job('sync'))!;
    expect(missed).toBeNull();
    expect(problems).toMatchObject([{ reason: 'hanging' }]);
  });

  it('that somebody removes have vanished, and that somebody stops are inactive', async () => {
    await addJob(database, 1, 'sync', '* * * * *');
    await addJob(database, 2, 'clean', '* * * * *');
    await addJob(database, 3, 'long off', '* * * * *', { active: false });
    await addRuns(database, { minutesAgo: 1 }, { jobId: 2, minutesAgo: 1 });
    await poller.poll();
    await database.query(
      `DELETE FROM cron.job WHERE jobid = 1; UPDATE cron.job SET active = false WHERE jobid = 2`,
    );
    expect(await reasons('sync')).toEqual(['vanished']);
    expect(await reasons('clean')).toEqual(['inactive']);
    expect(await reasons('long off')).toEqual([]);

    await addJob(database, 1, 'sync', '* * * * *');
    await database.query('UPDATE cron.job SET active = true');
    expect(await reasons('sync')).toEqual([]);
    expect(await reasons('clean')).toEqual([]);
  });

  it('have a name of their own each', async () => {
    await addJob(database, 1, null, '* * * * *');
    await addJob(database, 2, 'twin', '* * * * *');
    await addJob(database, 3, 'twin', '* * * * *', { username: 'other' });
    expect((await poller.poll()).cron?.jobs.map(({ name }) => name)).toEqual([
      '#1',
      'twin #2',
      'twin #3',
    ]);
  });

  it('are counted from the first look on, each run once and when it has ended', async () => {
    await addJob(database, 1, 'sync', '* * * * *');
    await addRuns(database, {}, { status: 'failed' }, { status: 'running' });
    expect(await totals('sync')).toEqual({ succeeded: 0, failed: 0 });
    const [, , starting] = await addRuns(
      database,
      {},
      { status: 'failed' },
      { status: 'starting' },
    );
    expect(await totals('sync')).toEqual({ succeeded: 1, failed: 1 });
    expect(await totals('sync')).toEqual({ succeeded: 1, failed: 1 });
    await database.query(
      `UPDATE cron.job_run_details SET status = 'succeeded' WHERE runid IN (3, $1)`,
      [starting],
    );
    expect(await totals('sync')).toEqual({ succeeded: 3, failed: 1 });
    expect(await totals('sync')).toEqual({ succeeded: 3, failed: 1 });
  });

  it('are counted on where the runs begin anew', async () => {
    await addJob(database, 1, 'sync', '* * * * *');
    await addRuns(database, {}, {}, {});
    await poller.poll();
    await database.query('DELETE FROM cron.job_run_details; ALTER SEQUENCE cron.runid_seq RESTART');
    await addRuns(database, {});
    expect(await totals('sync')).toEqual({ succeeded: 0, failed: 0 });
    await addRuns(database, {});
    expect(await totals('sync')).toEqual({ succeeded: 1, failed: 0 });
  });
});

describe('what can be seen of cron jobs', () => {
  beforeAll(async () => {
    database = await createDatabase(testServer17);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await dropCronTables(database);
    await loadReferenceRows(database);
  });
  afterEach(() => poller.close());

  const start = (url = database.url, yaml?: string) => {
    poller = createPoller(url, yaml === undefined ? {} : { yaml });
  };

  it('is absent, and no fault, where there is no pg_cron', async () => {
    start();
    const { complete, cron, sources } = await poller.poll();
    expect(complete).toBe(true);
    expect(cron?.jobs).toEqual([]);
    for (const name of ['cron:jobs', 'cron:runs', 'cron:http_responses']) {
      expect(sources.get(name)).toMatchObject({ state: 'absent', up: null });
    }
  });

  it('is missing where a job is named that must be there', async () => {
    start(database.url, 'cron: { jobs: [sync] }');
    expect((await poller.poll()).complete).toBe(false);
    expect(poller.source('cron:jobs')).toMatchObject({ state: 'missing', up: false });
    expect(poller.source('cron:runs')).toMatchObject({ state: 'missing', up: false });
    expect(stateOf('cron:http_responses')).toBe('absent');
  });

  it('is nothing at all where it is switched off', async () => {
    await createCronTables(database);
    start(database.url, 'cron: null');
    const { sources } = await poller.poll();
    expect([...sources.keys()].filter((name) => name.startsWith('cron:'))).toEqual([]);
  });

  it('says that a named job has vanished, though it was never seen, and watches no other', async () => {
    await createCronTables(database);
    await addJob(database, 1, 'clean', '* * * * *');
    start(database.url, 'cron: { jobs: [sync] }');
    const { cron, complete } = await poller.poll();
    expect(complete).toBe(true);
    expect(cron?.jobs).toMatchObject([
      { name: 'sync', schedule: null, problems: [{ reason: 'vanished', sinceMs: null }] },
    ]);
  });

  it('stays as it was while the tables are gone, and the sources are down', async () => {
    await createCronTables(database);
    await addJob(database, 1, 'sync', '* * * * *');
    await addRuns(database, { minutesAgo: 1, status: 'failed', message: 'no' });
    start();
    const before = await poller.poll();
    await dropCronTables(database);
    const after = await poller.poll();
    expect(after.cron?.jobs).toEqual(before.cron?.jobs);
    expect(after.complete).toBe(false);
    expect(poller.source('cron:jobs')).toMatchObject({ state: 'missing', up: false });
  });

  it('keeps what the runs said while they can not be read', async () => {
    await createCronTables(database);
    await addJob(database, 1, 'sync', '* * * * *');
    await addRuns(database, { minutesAgo: 30, status: 'failed', message: 'no' });
    start();
    const before = await job('sync');
    expect(before?.missed).not.toBeNull();
    await database.query('ALTER TABLE cron.job_run_details RENAME status TO state');
    expect(await job('sync')).toEqual(before);
    expect(poller.source('cron:runs')).toMatchObject({
      state: 'drifted',
      reason: 'cron.job_run_details has no column status',
    });
  });

  it.each([
    ['without names', 'ALTER TABLE cron.job DROP COLUMN jobname', '#1'],
    ['without a switch', 'ALTER TABLE cron.job DROP COLUMN active', 'sync'],
    ['without messages', 'ALTER TABLE cron.job_run_details DROP COLUMN return_message', 'sync'],
    ['without ends', 'ALTER TABLE cron.job_run_details DROP COLUMN end_time', 'sync'],
    ['without commands', 'ALTER TABLE cron.job DROP COLUMN command', 'sync'],
  ])('is less in an older pg_cron %s, and no less right', async (_, drift, name) => {
    await createCronTables(database);
    await addJob(database, 1, 'sync', '* * * * *');
    await addRuns(database, { minutesAgo: 1 }, { minutesAgo: 0, status: 'failed', message: 'no' });
    await database.query(drift);
    start();
    expect(await reasons(name)).toEqual(['failing']);
    expect(stateOf('cron:jobs')).toBe('ok');
    expect(stateOf('cron:runs')).toBe('ok');
  });

  it('is no time of a run where no schedule can be read', async () => {
    await createCronTables(database);
    await addJob(database, 1, 'boot', '@reboot');
    await addRuns(database, { minutesAgo: 100_000 });
    start();
    expect(await job('boot')).toMatchObject({ isScheduleKnown: false, missed: null, problems: [] });
  });

  it('needs USAGE on the schema, and says so', async () => {
    await createCronTables(database);
    await addJob(database, 1, 'sync', '* * * * *');
    await addRuns(database, { minutesAgo: 1 });
    const role = await createRole(database, 'BYPASSRLS');
    start(role.url, 'cron: { jobs: [sync] }');
    await poller.poll();
    for (const source of ['cron:jobs', 'cron:runs']) {
      expect(poller.source(source)).toMatchObject({ state: 'denied', up: false });
      await database.query(poller.source(source)!.remedy!);
    }
    expect(await reasons('sync')).toEqual([]);
    expect(stateOf('cron:runs')).toBe('ok');
  });

  it('never holds a command, and so no secret that stands in one', async () => {
    await createCronTables(database);
    await createResponses(database);
    const command = `SELECT net.http_post('https://x', '{"key": "planted-service-key"}')`;
    await addJob(database, 1, 'sync', '* * * * *', { command });
    await addRuns(database, { minutesAgo: 1 });
    start();
    const everything = JSON.stringify([await poller.observe(), await poller.poll()], (_, value) =>
      value instanceof Map ? [...(value as Map<unknown, unknown>)] : (value as unknown),
    );
    expect(everything).toContain('"callsHttp":true');
    expect(everything).not.toContain('planted');
  });
});

describe('the requests of a cron job', () => {
  beforeAll(async () => {
    database = await createDatabase(testServer17);
    await loadReferenceRows(database);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await dropCronTables(database);
    await createCronTables(database);
    await createResponses(database);
    await database.query('DROP FUNCTION IF EXISTS start_sync');
    poller = createPoller(database.url);
  });
  afterEach(() => poller.close());

  const command = `SELECT net.http_post('https://app.example.com/sync', '{}')`;
  const answer = (minutesAgo: number, status: number | null, error: string | null = null) =>
    database.query(
      `INSERT INTO net._http_response (status_code, timed_out, error_msg, created)
       VALUES ($1, $2, $3, now() - $4::float8 * interval '1 minute')`,
      [status, error === 'timed out', error, minutesAgo],
    );

  it.each([
    ['401', 401, null, { status: 401, message: 'HTTP 401' }],
    ['504', 504, null, { status: 504, message: 'HTTP 504' }],
    ['no answer in time', null, 'timed out', { status: null, message: 'timed out' }],
    [
      'no connection',
      null,
      "Couldn't resolve host name",
      { message: "Couldn't resolve host name" },
    ],
  ])('that got %s fail, though its run succeeded', async (_, status, error, problem) => {
    await addJob(database, 1, 'sync', '*/5 * * * *', { command });
    await addRuns(database, { minutesAgo: 3 });
    await answer(2.9, status, error);
    expect((await job('sync'))?.problems).toMatchObject([
      { reason: 'http_failing', requests: 1, ...problem },
    ]);
  });

  it('that a function sends are its own as well', async () => {
    await database.query(
      `CREATE FUNCTION start_sync() RETURNS void LANGUAGE plpgsql AS
       $$ BEGIN PERFORM net.http_post('https://app.example.com/sync', '{}'); END $$`,
    );
    await addJob(database, 1, 'sync', '*/5 * * * *', { command: 'SELECT public.start_sync()' });
    await addRuns(database, { minutesAgo: 3 });
    await answer(2.9, 401);
    expect(await reasons('sync')).toEqual(['http_failing']);
  });

  it.each([
    ['one good answer among them', [200, 401], []],
    ['a redirect', [302], []],
    ['none at all', [], []],
    ['only bad ones', [500, 401], ['http_failing']],
  ])('with %s', async (_, statuses, expected) => {
    await addJob(database, 1, 'sync', '*/5 * * * *', { command });
    await addRuns(database, { minutesAgo: 3 });
    for (const status of statuses) await answer(2.9, status);
    expect(await reasons('sync')).toEqual(expected);
  });

  it('are judged by the run before while the last may still get an answer', async () => {
    await addJob(database, 1, 'sync', '*/5 * * * *', { command });
    await addRuns(database, { minutesAgo: 6 }, { minutesAgo: 1 });
    await answer(5.9, 401);
    expect(await reasons('sync')).toEqual(['http_failing']);
    await answer(0.9, 200);
    expect(await reasons('sync')).toEqual([]);
  });

  it('are those of its time only, and of jobs that send any', async () => {
    await addJob(database, 1, 'sync', '*/5 * * * *', { command });
    await addJob(database, 2, 'clean', '*/5 * * * *');
    await addRuns(database, { minutesAgo: 4 }, { jobId: 2, minutesAgo: 4 });
    await answer(4.5, 500);
    await answer(1.5, 500);
    expect(await reasons('sync')).toEqual([]);
    await answer(3.9, 500);
    expect(await reasons('sync')).toEqual(['http_failing']);
    expect(await reasons('clean')).toEqual([]);
  });
});

describe('a job that keeps tokens in use', () => {
  beforeAll(async () => {
    database = await createDatabase(testServer17);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await dropCronTables(database);
    await loadReferenceRows(database);
    poller = createPoller(database.url);
  });
  afterEach(() => poller.close());

  const log = (status: string, message: string | null, minutesAgo: number) =>
    database.query(
      `INSERT INTO cron_job_logs (job_name, status, message, created_at)
       VALUES ('fathom_cron_sync_v2', $1, $2, now() - $3::float8 * interval '1 minute')`,
      [status, message, minutesAgo],
    );
  const logged = async () =>
    (await poller.poll()).cron?.logs
      .get('fathom')
      ?.find(({ name }) => name === 'fathom_cron_sync_v2');

  it('says in its log that its configuration is missing, and is misconfigured', async () => {
    await log('success', null, 90);
    await log('error', 'Supabase configuration missing', 30);
    expect((await logged())?.problems).toMatchObject([
      { reason: 'misconfigured', message: 'Supabase configuration missing' },
    ]);
    await log('success', null, 1);
    expect((await logged())?.problems).toEqual([]);
  });

  it.each([
    ['another error', 'Fathom API error: 500', 30],
    ['an error of the day before', 'Supabase configuration missing', 25 * 60],
  ])('is not misconfigured by %s', async (_, message, minutesAgo) => {
    await log('triggered', null, 1);
    await log('error', message, minutesAgo);
    expect((await logged())?.problems).toEqual([]);
  });

  it('pauses for longer than the tokens live', async () => {
    await createCronTables(database);
    await addJob(database, 1, 'fathom-sync', '0 8-15 * * 1-5');
    await addJob(database, 2, 'hourly-fathom-sync', '0 * * * *');
    await addJob(database, 3, 'clean', '0 8-15 * * 1-5');
    expect((await job('fathom-sync'))?.problems).toEqual([
      { reason: 'too_seldom', provider: 'fathom', pauseMs: 65 * 3_600_000, lifetimeMs: 86_400_000 },
    ]);
    expect(await reasons('hourly-fathom-sync')).toEqual([]);
    expect(await reasons('clean')).toEqual([]);
  });
});
