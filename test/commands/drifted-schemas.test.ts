import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deactivate } from '../../src/commands/deactivate.js';
import { reconnect } from '../../src/commands/reconnect.js';
import { status } from '../../src/commands/status.js';
import { sync } from '../../src/commands/sync.js';
import { addJob, createCronTables } from '../observe/cron-tables.js';
import { createPoller } from '../observe/poller.js';
import { createRole } from '../support/postgres.js';
import { capture } from './captured-command.js';
import { startRemedyWorld } from './remedy-world.js';
import type { RemedyWorld } from './remedy-world.js';

/** Ways in which a schema has drifted from the reference. */
const columnsMissing = `
  ALTER TABLE fathom_integrations DROP fathom_user_email, DROP last_sync_at, DROP created_at;
  ALTER TABLE fathom_sync_state DROP last_sync_error;
  ALTER TABLE cron_job_logs DROP message, DROP error_details;
  ALTER TABLE profiles DROP first_name;
  ALTER TABLE meetings DROP fathom_created_at, DROP meeting_end;
  ALTER TABLE webhook_events DROP status`;
const tablesMissing =
  'DROP TABLE profiles, fathom_sync_state, cron_job_logs, meetings, webhook_events';

let world: RemedyWorld;
let env: NodeJS.ProcessEnv;
/** Three active tokens that have expired and not synced for days; the first one's grant is dead. */
let ids: string[];
beforeEach(async () => {
  world = await startRemedyWorld();
  ids = await world.addTokens(3, '-1 hour');
  await world.kill(ids.slice(0, 1));
  for (const [index, id] of ids.entries()) {
    await world.addProfile(id, `user-${String(index)}@example.com`);
  }
  await world.database.query(
    `UPDATE fathom_integrations
     SET last_sync_at = now() - interval '4 days', created_at = now() - interval '9 days';
     INSERT INTO cron_job_logs (job_name, user_id, status, created_at)
     SELECT 'fathom_hourly_sync', user_id, 'success', last_sync_at FROM fathom_integrations`,
  );
  await createCronTables(world.database);
  await addJob(world.database, 1, 'fathom-sync', '0 * * * *');
  env = {
    ...world.env,
    REFRESH_MODE: 'off',
    SUPABASE_URL: 'http://127.0.0.1:9',
    SUPABASE_SERVICE_ROLE_KEY: 'key',
  };
});
afterEach(() => world.stop());

const asked = {
  provider: null,
  yes: true,
  json: false,
  reason: null,
  actor: 'ada',
  accounts: 'full',
} as const;
const everyStatus = { status: null, failOn: null };
const listReconnects = () =>
  capture(env, (to) => reconnect(to, { ...asked, allExpired: false, format: 'table' }));
const syncs = { ...asked, userId: null, allStale: true, syncType: 'incremental' };
const planSyncs = () => capture(env, (to) => sync(to, { ...syncs, yes: false }));
const showCalendar = () =>
  capture(env, (to) => status(to, { ...asked, ...everyStatus, calendar: true }));
const switchOff = () =>
  capture(env, (to) => deactivate(to, { ...asked, force: false, here: false, patienceMs: 0 }));
const activity = () => Promise.all(ids.map((id) => world.isActive(id)));

async function poll() {
  const poller = createPoller(env['DATABASE_URL'] ?? '');
  const { providers, cron } = await poller.poll();
  await poller.close();
  const source = (name: string) => poller.source(name);
  return { fathom: providers.get('fathom'), cron, source };
}

describe.each([
  ['the reference schema', '', { address: 'user-0@example.com', people: '', synced: '' }],
  [
    'columns missing',
    columnsMissing,
    {
      address: 'user-0@example.com',
      people: '',
      synced: "fathom: column last_sync_at can't be read, so syncs may look older than they are\n",
    },
  ],
  [
    'tables missing',
    tablesMissing,
    {
      address: ' ',
      people: "fathom: there is no public.profiles, so nobody's address is known\n",
      synced: '',
    },
  ],
])('with %s', (_, drift, { address, people, synced }) => {
  beforeEach(() => world.database.query(drift));

  it('each command finds whom it is about, and one poll what is overdue', async () => {
    const { fathom, cron, source } = await poll();
    expect(source('fathom:tokens')).toMatchObject({ state: 'ok', up: true });
    expect(fathom).toMatchObject({ tokens: { total: 3 }, syncs: { overdue: 3 } });
    expect(cron?.jobs).toMatchObject([{ name: 'fathom-sync', problems: [] }]);

    const dead = await world.userOf(ids[0]!);
    const listed = await listReconnects();
    expect(listed).toMatchObject({ code: 0, stderr: people });
    expect(listed.stdout).toMatch(new RegExp(`${dead} .*${address}.*dead: invalid_grant`));
    expect(listed.stdout).toMatch(/\n1 must authorize again\n$/);
    const planned = await planSyncs();
    expect(planned).toMatchObject({ code: 0, stderr: synced });
    expect(planned.stdout).toMatch(/\n3 to sync\n/);
    expect(await showCalendar()).toMatchObject({ code: 0, stderr: '' });
    const done = await switchOff();
    expect(done).toMatchObject({ code: 0, stderr: people });
    expect(done.stdout).toMatch(/deactivated 1 of 3, leave 2 \(--force takes them too\)\n$/);
    expect(await activity()).toEqual([false, true, true]);
  });
});

it('with columns missing a poll says of each source what it lacks', async () => {
  await world.database.query(columnsMissing);
  const { fathom, source } = await poll();
  expect(source('fathom:tokens')?.notes).toContain(
    "column last_sync_at can't be read, so syncs may look older than they are",
  );
  expect(source('fathom:job_log')).toMatchObject({
    state: 'drifted',
    reason: 'public.cron_job_logs has no column message',
  });
  expect(source('fathom:webhook_events')).toMatchObject({ state: 'drifted', up: null });
  expect(fathom?.webhooks).toMatchObject({ events: null, problems: [] });
});

it('with tables missing a poll calls them absent, and nothing of them zero', async () => {
  await world.database.query(tablesMissing);
  const { fathom, cron, source } = await poll();
  const absent = ['cron_job_logs', 'fathom_sync_state', 'job_log', 'webhook_events'];
  for (const name of absent) {
    expect(source(`fathom:${name}`)).toMatchObject({ state: 'absent', up: null });
  }
  expect(fathom).toMatchObject({ webhooks: null, stuckSyncs: null });
  expect(cron?.logs.size).toBe(0);
});

describe('with row-level security hiding rows', () => {
  beforeEach(async () => {
    const { name, url } = await createRole(world.database);
    await world.database.query(
      `ALTER TABLE cron.job ENABLE ROW LEVEL SECURITY;
       GRANT USAGE ON SCHEMA oauth_token_exporter, cron TO ${name};
       GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${name};
       GRANT UPDATE (is_active) ON fathom_integrations TO ${name};
       GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA oauth_token_exporter TO ${name}`,
    );
    env = { ...env, DATABASE_URL: url };
  });

  it('a poll calls everything hidden', async () => {
    const { fathom, cron, source } = await poll();
    expect(source('fathom:tokens')).toMatchObject({ state: 'hidden', up: false });
    for (const name of ['fathom:job_log', 'fathom:webhook_arrivals', 'cron:jobs', 'cron:runs']) {
      expect(source(name)).toMatchObject({ state: 'hidden', up: null });
    }
    expect(fathom).toMatchObject({ tokens: null, syncs: null, webhooks: null });
    expect(cron).toBeNull();
  });

  it('no command takes it for nobody, and each says which policy is missing', async () => {
    for (const run of [listReconnects, planSyncs, switchOff, showCalendar]) {
      const { code, stdout, stderr } = await run();
      expect(code).toBe(3);
      expect(stdout).not.toMatch(/nobody|nothing|no /);
      expect(stderr).toMatch(/^fathom: row-level security of .* no row; CREATE POLICY .*;\n/);
    }
    const json = await capture(env, (to) => sync(to, { ...syncs, json: true }));
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toEqual({
      dry_run: true,
      syncs: [],
      unknown: [
        {
          provider: 'fathom',
          reason: expect.stringMatching(/^row-level security of .* no row$/) as string,
          remedy: expect.stringMatching(/^CREATE POLICY .*;$/) as string,
        },
      ],
    });
    expect(await activity()).toEqual([true, true, true]);
  });
});
