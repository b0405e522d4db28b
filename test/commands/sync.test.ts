import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sync } from '../../src/commands/sync.js';
import type { SyncOptions } from '../../src/commands/sync.js';
import { migrate } from '../../src/store/migrate.js';
import { referenceSchema } from '../observe/poller.js';
import { emptySchema } from '../observe/reference-rows.js';
import { json, startSyncEndpoint, synced } from '../remedy/sync-endpoint.js';
import type { SyncEndpoint } from '../remedy/sync-endpoint.js';
import {
  createDatabase,
  openTestPool,
  testServer17,
  type TestDatabase,
} from '../support/postgres.js';
import { startCli } from '../support/process.js';
import { until } from '../support/until.js';
import { capture } from './captured-command.js';

const serviceKey = 'planted-service-key';
let database: TestDatabase;
let endpoint: SyncEndpoint;
let env: Record<string, string>;

beforeAll(async () => {
  database = await createDatabase(testServer17);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptySchema(database);
  await database.query(`${referenceSchema}; DROP SCHEMA IF EXISTS oauth_token_exporter CASCADE`);
  const pool = openTestPool(database.url, 1);
  await migrate(pool);
  await pool.end();
  endpoint = await startSyncEndpoint();
  env = {
    DATABASE_URL: database.url,
    SUPABASE_URL: endpoint.url,
    SUPABASE_SERVICE_ROLE_KEY: serviceKey,
  };
});
afterEach(() => endpoint.stop());

/** Adds active tokens that last synced so long ago; returns their users. */
async function addTokens(count: number, ago: string): Promise<string[]> {
  const rows = await database.query<{ user_id: string }>(
    `INSERT INTO fathom_integrations (user_id, access_token, token_expires_at, last_sync_at)
     SELECT gen_random_uuid(), 'a', now(), now() - $2::interval FROM generate_series(1, $1)
     RETURNING user_id`,
    [count, ago],
  );
  return rows.map(({ user_id }) => user_id);
}

/** The application does what it says. */
const reallySynced: SyncEndpoint['answer'] = async (response, call, request) => {
  await database.query('UPDATE fathom_integrations SET last_sync_at = now() WHERE user_id = $1', [
    call.body.user_id,
  ]);
  await synced(response, call, request);
};

const nothingAsked: SyncOptions = {
  userId: null,
  allStale: false,
  syncType: 'incremental',
  provider: null,
  yes: true,
  json: false,
  actor: 'ada',
  reason: null,
};
const run = (options: Partial<SyncOptions>, changes: Record<string, string> = {}) =>
  capture({ ...env, ...changes }, (context) => sync(context, { ...nothingAsked, ...options }));

const ledger = () =>
  database.query<Record<string, string>>(
    'SELECT event, reason, detail, actor FROM oauth_token_exporter.ledger ORDER BY id',
  );

describe('sync', () => {
  it('shows without --yes whom it would sync and why, and asks for nothing', async () => {
    const [late = ''] = await addTokens(1, '73 hours');
    const [recent = ''] = await addTokens(1, '71 hours');
    const { code, stdout } = await run({ allStale: true, yes: false });
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`fathom +${late} .*overdue`));
    expect(stdout).not.toContain(recent);
    expect(stdout).toMatch(/1 to sync\nnothing was done; to do it, add --yes\n$/);
    expect(endpoint.calls).toHaveLength(0);
    expect(await ledger()).toEqual([]);
  });

  it('syncs who is overdue, so many at a time, proves it by the database, and notes who and why', async () => {
    await addTokens(5, '4 days');
    await addTokens(1, '1 hour');
    endpoint.answer = reallySynced;
    const { code, stdout, stderr } = await run({ allStale: true, reason: 'after the incident' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/synced 5 of 5, by the database\n$/);
    expect(endpoint.calls).toHaveLength(5);
    expect(endpoint.mostInFlight()).toBeLessThanOrEqual(2);
    expect((await ledger())[0]).toEqual({
      event: 'sync_requested',
      reason: 'success',
      detail: 'incremental: HTTP 200: stored 2 of 2; because: after the incident',
      actor: 'ada',
    });
    expect((await run({ allStale: true })).stdout).toBe('nobody is overdue\n');
    expect(endpoint.calls).toHaveLength(5);
  });

  it('believes no answer that the database does not bear out', async () => {
    const [user = ''] = await addTokens(1, '1 hour');
    const { code, stdout } = await run({ userId: user, syncType: 'full' });
    expect(code).toBe(1);
    expect(stdout).toMatch(/success +did not move/);
    expect(stdout).toMatch(/synced 0 of 1, by the database/);
    expect(endpoint.calls[0]?.body).toEqual({ sync_type: 'full', user_id: user });
  });

  it('stops when the quota is used up, and says so', async () => {
    await addTokens(6, '4 days');
    endpoint.answer = json(402, { error: 'monthly quota' });
    const { code, stdout, stderr } = await run({ allStale: true });
    expect(code).toBe(1);
    expect(endpoint.calls.length).toBeLessThanOrEqual(2);
    expect(stdout.match(/not tried/g)?.length).toBeGreaterThanOrEqual(4);
    expect(stderr).toMatch(/the quota is used up: HTTP 402: monthly quota; raise it/);
  });

  it('waits as told while a sync is under way, and then asks again', async () => {
    const [user = ''] = await addTokens(1, '4 days');
    const busy = json(409, { error: 'in progress', retry_after_seconds: 0.05 });
    endpoint.answer = (response, call, request) =>
      (endpoint.calls.length < 3 ? busy : reallySynced)(response, call, request);
    expect(await run({ userId: user })).toMatchObject({ code: 0 });
    expect(endpoint.calls).toHaveLength(3);
  });

  it('asks no more than five times, however long a sync is under way', async () => {
    const [user = ''] = await addTokens(1, '4 days');
    endpoint.answer = json(409, { retry_after_seconds: 0 });
    const { code, stdout } = await run({ userId: user });
    expect(code).toBe(1);
    expect(stdout).toMatch(/in progress/);
    expect(endpoint.calls).toHaveLength(5);
  });

  it.each([
    ['errors inside a success', json(200, { success: true, errors: ['x'] }), 'partial'],
    ['a failure', json(500, { error: `bad ${serviceKey}` }), 'failed'],
    ['a page', json(200, '<html>'), 'failed'],
  ])('does not call it done on %s, and repeats no secret', async (_, answer, outcome) => {
    const [user = ''] = await addTokens(1, '1 hour');
    endpoint.answer = answer;
    const { code, stdout, stderr } = await run({ userId: user, json: true });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      dry_run: false,
      syncs: [{ user_id: user, outcome, moved: false }],
    });
    expect(stdout + stderr + JSON.stringify(await ledger())).not.toContain(serviceKey);
  });

  it('works without a memory, and says that nothing is noted', async () => {
    const [user = ''] = await addTokens(1, '1 hour');
    await database.query('DROP SCHEMA oauth_token_exporter CASCADE');
    endpoint.answer = reallySynced;
    const { code, stderr } = await run({ userId: user });
    expect(code).toBe(0);
    expect(stderr).toMatch(/not noted in the ledger/);
  });

  it('refuses what it can not do', async () => {
    expect(await run({})).toMatchObject({ code: 2 });
    expect(await run({ userId: 'x', allStale: true })).toMatchObject({ code: 2 });
    expect((await run({ allStale: true, provider: 'fathon' })).stderr).toMatch(/fathom/);
    const blind = await run({ allStale: true }, { SUPABASE_URL: '' });
    expect(blind.code).toBe(2);
    expect(blind.stderr).toMatch(/set SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY/);
    expect(await run({ userId: 'nobody' })).toMatchObject({
      code: 1,
      stdout: 'there is no such user\n',
    });
    await database.query('DROP TABLE fathom_integrations CASCADE');
    expect(await run({ allStale: true })).toMatchObject({ code: 3 });
  });

  it('interrupted, starts no more, and says what was asked and what was not', async () => {
    await addTokens(5, '4 days');
    endpoint.answer = () => undefined;
    const cli = startCli(['sync', '--all-stale', '--yes'], env);
    await until('two calls are out', () => endpoint.calls.length === 2);
    const { code, stdout, stderr } = await cli.stop('SIGINT');
    expect(stderr).toMatch(/interrupted: run this again for the rest/);
    expect(stdout.match(/interrupted .*may still be syncing/g)).toHaveLength(2);
    expect(stdout.match(/not tried/g)).toHaveLength(3);
    expect(code).toBe(1);
    expect(endpoint.calls).toHaveLength(2);
    expect(await ledger()).toMatchObject([{ reason: 'interrupted' }, { reason: 'interrupted' }]);
  });
});
