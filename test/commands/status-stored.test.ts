import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { status } from '../../src/commands/status.js';
import { loadReferenceRows } from '../observe/reference-rows.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { capture } from './captured-command.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase(testServer17);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await loadReferenceRows(database);
  await database.query('DELETE FROM cron_job_logs');
});

const run = (json = false) =>
  capture({ DATABASE_URL: database.url }, (context) =>
    status(context, {
      json,
      provider: null,
      status: null,
      failOn: null,
      calendar: false,
      accounts: 'masked',
    }),
  );
const addMeeting = (ago: string) =>
  database.query(
    `INSERT INTO meetings (owner_user_id, created_at) VALUES (gen_random_uuid(), now() - $1::interval)`,
    [ago],
  );
const addRun = (ago: string) =>
  database.query(
    `INSERT INTO cron_job_logs (job_name, status, created_at)
     VALUES ('fathom_hourly_sync', 'success', now() - $1::interval)`,
    [ago],
  );

describe('status on syncs that store nothing', () => {
  it('says since when, once it has lasted for a day', async () => {
    await addMeeting('30 hours');
    await addRun('8 hours');
    expect((await run()).stdout).not.toContain('stored');
    await addRun('5 hours');
    const { code, stdout } = await run();
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /\nfathom: 2 syncs succeeded since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ, and nothing was stored\n/,
    );
  });

  it('says so where nothing was stored at all, and nothing of it in JSON', async () => {
    await addRun('1 hour');
    expect((await run()).stdout).toContain(
      'fathom: 1 sync succeeded in the last 7 days, and nothing was stored\n',
    );
    expect((await run(true)).stdout).not.toContain('stored');
  });

  it('stays without a word where that can not be known, and lists the tokens', async () => {
    await addRun('1 hour');
    await database.query('DROP TABLE meetings');
    const { code, stdout } = await run();
    expect(code).toBe(0);
    expect(stdout).toMatch(/3 tokens: /);
    expect(stdout).not.toContain('stored');
  });
});
