import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { syncBacklog } from '../../src/commands/backlog-sync.js';
import type { BacklogSyncOptions } from '../../src/commands/backlog-sync.js';
import { startCuttableProxy } from '../refresh/cuttable-proxy.js';
import { json, startSyncEndpoint } from '../remedy/sync-endpoint.js';
import type { SyncEndpoint } from '../remedy/sync-endpoint.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { runCli, startCli } from '../support/process.js';
import { until } from '../support/until.js';
import { addBacklog, catchingUp, onlySyncing, prepareBacklog } from './backlog-world.js';
import { capture } from './captured-command.js';

let database: TestDatabase;
let endpoint: SyncEndpoint;
let env: Record<string, string>;

beforeAll(async () => {
  database = await createDatabase(testServer17);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await prepareBacklog(database);
  endpoint = await startSyncEndpoint();
  env = {
    DATABASE_URL: database.url,
    SUPABASE_URL: endpoint.url,
    SUPABASE_SERVICE_ROLE_KEY: 'planted-service-key',
  };
});
afterEach(() => endpoint.stop());

const nothingAsked: BacklogSyncOptions = {
  since: { agoMs: 3 * 86_400_000 },
  again: false,
  limit: null,
  syncType: 'incremental',
  provider: null,
  yes: true,
  json: false,
  actor: 'ada',
  reason: null,
};
const run = (options: Partial<BacklogSyncOptions> = {}, changes: Record<string, string> = {}) =>
  capture({ ...env, ...changes }, (context) =>
    syncBacklog(context, { ...nothingAsked, ...options }),
  );

const askedFor = () => endpoint.calls.map(({ body }) => body.user_id);
const ledger = () =>
  database.query<Record<string, string>>(
    'SELECT event, reason, detail, actor FROM oauth_token_exporter.ledger ORDER BY id',
  );

describe('sync --backlog', () => {
  it('shows without --yes for whom it would ask and why, and asks for nothing', async () => {
    const [ada = ''] = await addBacklog(database, 1, { meetings: 3 });
    await addBacklog(database, 2, { active: false });
    const { code, stdout } = await run({ yes: false });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(`fathom +${ada} .*3 without transcript_text, 3 without summary`),
    );
    expect(stdout).toMatch(
      /1 to sync\n2 without an active token: see reconnect and reactivate\nnothing was done; to do it, add --yes\n$/,
    );
    expect(endpoint.calls).toHaveLength(0);
    expect(await ledger()).toEqual([]);
  });

  it('asks for each, so many at a time, notes who and why, and says what is missing then', async () => {
    await addBacklog(database, 5);
    endpoint.answer = catchingUp(database);
    const { code, stdout, stderr } = await run({ reason: 'after the incident' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/synced 5 of 5, by the database\nfathom, now: nothing is missing\n$/);
    expect(endpoint.mostInFlight()).toBeLessThanOrEqual(2);
    expect((await ledger())[0]).toEqual({
      event: 'backlog_requested',
      reason: 'success',
      detail: 'incremental: HTTP 200: stored 2 of 2; because: after the incident',
      actor: 'ada',
    });
    expect(await run()).toMatchObject({ code: 0, stdout: 'nobody is to be asked for\n' });
  });

  it('asks in a second run only for the rest, whoever waits longest first', async () => {
    const users = await addBacklog(database, 5);
    endpoint.answer = onlySyncing(database);
    const first = await run({ limit: 2 });
    expect(first.stdout).toMatch(/2 to sync\n3 beyond --limit: run this again for them\n/);
    expect(first.stdout).toMatch(/fathom, now: 5 rows of 5 users: /);
    expect(askedFor().sort()).toEqual(users.slice(0, 2).sort());
    // The application has synced and not worked it off yet: it is not pressed.
    const second = await run();
    expect(second.stdout).toMatch(/3 to sync\n2 asked for before, and nothing newer is missing/);
    expect(askedFor().slice(2).sort()).toEqual(users.slice(2).sort());
    await run({ again: true });
    expect(endpoint.calls).toHaveLength(10);
  });

  it('asks again for whom something newer is missing, and not for what was asked before --since', async () => {
    const [ada = ''] = await addBacklog(database, 1);
    endpoint.answer = onlySyncing(database);
    await run();
    await database.query('INSERT INTO meetings (owner_user_id) VALUES ($1)', [ada]);
    await run();
    expect(endpoint.calls).toHaveLength(2);
    await database.query(`UPDATE oauth_token_exporter.ledger SET at = now() - interval '4 days'`);
    await run();
    expect(endpoint.calls).toHaveLength(3);
  });

  it.each([
    ['a sync under way', json(409, { retry_after_seconds: 0 }), 'in progress', 5],
    ['a failure', json(500, { error: 'bad planted-service-key' }), 'failed', 1],
    ['errors inside a success', json(200, { success: true, errors: ['x'] }), 'partial', 1],
  ])('takes %s for no success, and asks again in the next run', async (_, answer, word, calls) => {
    await addBacklog(database, 1);
    endpoint.answer = answer;
    const { code, stdout, stderr } = await run();
    expect(code).toBe(1);
    expect(stdout).toContain(word);
    expect(stdout + stderr + JSON.stringify(await ledger())).not.toContain('planted-service-key');
    endpoint.answer = catchingUp(database);
    expect(await run()).toMatchObject({ code: 0 });
    expect(endpoint.calls).toHaveLength(calls + 1);
  });

  it('stops when the quota is used up, and goes on from there', async () => {
    const users = await addBacklog(database, 6);
    const right = catchingUp(database);
    endpoint.answer = (...call) =>
      (endpoint.calls.length <= 2 ? right : json(402, { error: 'monthly quota' }))(...call);
    const { code, stdout, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toMatch(/the quota is used up: HTTP 402: monthly quota; raise it/);
    expect(stdout).toMatch(/not tried/);
    const askedFirst = endpoint.calls.length;
    endpoint.answer = right;
    expect((await run()).stdout).toMatch(/fathom, now: nothing is missing/);
    expect(endpoint.calls).toHaveLength(askedFirst + users.length - 2);
  });

  it('gives programs what was done, what was left, and what is missing', async () => {
    await addBacklog(database, 2);
    await addBacklog(database, 1, { active: false });
    const dry = await run({ json: true, yes: false, limit: 1 });
    expect(JSON.parse(dry.stdout)).toMatchObject({
      dry_run: true,
      left: { no_active_token: 1, asked_before: 0, over_limit: 1 },
      syncs: [{ outcome: 'not_tried' }],
    });
    endpoint.answer = catchingUp(database);
    const done = await run({ json: true });
    expect(JSON.parse(done.stdout)).toMatchObject({
      dry_run: false,
      missing_now: [expect.stringMatching(/1 row of 1 user/)],
      syncs: [{ moved: true }, { moved: true }],
    });
  });

  it('does not ask where it can not know what was asked before, unless told to', async () => {
    await addBacklog(database, 1);
    await database.query('DROP SCHEMA oauth_token_exporter CASCADE');
    const { code, stderr } = await run();
    expect(code).toBe(3);
    expect(stderr).toMatch(/not known what was asked before: .*run migrate; --again asks for/);
    expect(endpoint.calls).toHaveLength(0);
    endpoint.answer = catchingUp(database);
    const again = await run({ again: true });
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(/not noted in the ledger/);
  });

  it('stops where the ledger dies half-way, and asks for the rest and that one later', async () => {
    const users = await addBacklog(database, 10);
    endpoint.answer = async (response, call, request) => {
      if (endpoint.calls.length === 4) {
        await database.query('ALTER TABLE oauth_token_exporter.ledger RENAME TO away');
      }
      await onlySyncing(database)(response, call, request);
    };
    const { code, stdout, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toMatch(/not noted in the ledger: .*\n.*stopped, since it can not be noted/);
    expect(stdout.match(/not tried/g)?.length).toBeGreaterThanOrEqual(4);
    await database.query('ALTER TABLE oauth_token_exporter.away RENAME TO ledger');
    const noted = (await ledger()).length;
    const before = endpoint.calls.length;
    endpoint.answer = onlySyncing(database);
    await run();
    expect(endpoint.calls).toHaveLength(before + users.length - noted);
  });

  it('tells what was asked also where the database dies half-way, and starts no more', async () => {
    await addBacklog(database, 10);
    const proxy = await startCuttableProxy(database.url);
    try {
      endpoint.answer = (response, call, request) => {
        if (endpoint.calls.length === 4) proxy.cut();
        return json(200, { success: true })(response, call, request);
      };
      const { code, stdout, stderr } = await run({}, { DATABASE_URL: proxy.url });
      expect(code).toBe(3);
      expect(stdout).toMatch(/success +not known/);
      expect(stdout.match(/not tried/g)?.length).toBeGreaterThanOrEqual(4);
      expect(stderr).toMatch(/not noted in the ledger: /);
      expect(stderr).toMatch(/it is not known what came of it: /);
    } finally {
      await proxy.stop();
    }
    const before = endpoint.calls.length;
    const noted = (await ledger()).length;
    endpoint.answer = catchingUp(database);
    expect(await run()).toMatchObject({ code: 0 });
    expect(endpoint.calls).toHaveLength(before + 10 - noted);
  });

  it('interrupted, starts no more; a second run asks for the rest, and for what was out', async () => {
    const users = await addBacklog(database, 6);
    const right = catchingUp(database);
    endpoint.answer = (...call) => (endpoint.calls.length <= 2 ? right(...call) : undefined);
    const args = ['sync', '--backlog', '--since', '3d', '--yes'];
    const cli = startCli(args, env);
    await until('two are done and two are out', () => endpoint.calls.length === 4);
    const { code, stdout, stderr } = await cli.stop('SIGINT');
    expect(code).toBe(1);
    expect(stderr).toMatch(/interrupted: run this again for the rest/);
    expect(stdout.match(/interrupted .*may still be syncing/g)).toHaveLength(2);
    expect(stdout.match(/not tried/g)).toHaveLength(2);
    expect((await ledger()).map(({ reason }) => reason).sort()).toEqual([
      'interrupted',
      'interrupted',
      'success',
      'success',
    ]);
    endpoint.answer = right;
    const second = await runCli(args, env);
    expect(second).toMatchObject({ code: 0 });
    expect(new Set(askedFor().slice(4))).toEqual(
      new Set(users.filter((user) => !askedFor().slice(0, 2).includes(user))),
    );
  });

  it('plans for 10,000 users, and asks for as many as it is told', async () => {
    const users = await addBacklog(database, 10_000);
    endpoint.answer = catchingUp(database);
    const { code, stdout } = await run({ limit: 3 });
    expect(code).toBe(0);
    expect(stdout).toMatch(/3 to sync\n9997 beyond --limit/);
    expect(askedFor().sort()).toEqual(users.slice(0, 3).sort());
  });

  it('refuses what it can not do', async () => {
    const cli = (...args: string[]) => runCli(['sync', ...args], env);
    expect(await cli('--backlog')).toMatchObject({ code: 2 });
    expect((await cli('--all-stale', '--since', '3d')).stderr).toMatch(/--backlog and --since/);
    expect(await cli('--all-stale', '--again')).toMatchObject({ code: 2 });
    expect((await cli('--backlog', '--all-stale', '--since', '3d')).stderr).toMatch(
      /cannot be used/,
    );
    expect((await cli('--backlog', '--since', '3d', '--limit', '0')).stderr).toMatch(/above 0/);
    expect(await run({ since: { atMs: Date.parse('2125-01-01') } })).toMatchObject({ code: 2 });
    const blind = await run({}, { SUPABASE_URL: '' });
    expect(blind).toMatchObject({ code: 2 });
    expect(blind.stderr).toMatch(/set SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY/);
    await database.query('DROP TABLE meetings');
    const lost = await run();
    expect(lost).toMatchObject({ code: 3 });
    expect(lost.stderr).toMatch(/table public\.meetings does not exist/);
  });
});
