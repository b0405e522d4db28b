import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { json, startSyncEndpoint, synced } from '../remedy/sync-endpoint.js';
import type { SyncEndpoint } from '../remedy/sync-endpoint.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { startCli } from '../support/process.js';
import { until } from '../support/until.js';
import { ada, bob, healthy, loadHealthyWorld, runVerify, verdicts } from './verify-world.js';

const serviceKey = 'planted-service-key';
let database: TestDatabase;
let env: Record<string, string>;

beforeAll(async () => {
  database = await createDatabase(testServer17);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await loadHealthyWorld(database);
  env = { DATABASE_URL: database.url };
});

describe('verify --sync-user', () => {
  let endpoint: SyncEndpoint;
  let syncing: Record<string, string>;
  beforeEach(async () => {
    endpoint = await startSyncEndpoint();
    syncing = { ...env, SUPABASE_URL: endpoint.url, SUPABASE_SERVICE_ROLE_KEY: serviceKey };
  });
  afterEach(() => endpoint.stop());
  const reallySynced: SyncEndpoint['answer'] = async (response, call, request) => {
    await database.query('UPDATE fathom_integrations SET last_sync_at = now() WHERE user_id = $1', [
      call.body.user_id,
    ]);
    await synced(response, call, request);
  };
  const ledger = () =>
    database.query('SELECT event, actor, detail FROM oauth_token_exporter.ledger ORDER BY id');

  it('is not asked for unless somebody names one and says yes', async () => {
    const none = await verdicts(syncing);
    expect(none).toMatchObject({ code: 0, checks: { ...healthy, sync_of_one_user: 'not_asked' } });
    expect(none.nextStep).toBe('verify --sync-user <user_id>');
    const unsaid = await runVerify(syncing, { syncUser: ada });
    expect(unsaid.stdout).toMatch(new RegExp(`fathom +${ada} `));
    expect(unsaid.stdout).toMatch(/not asked +fathom sync of one user: .*add --yes/);
    expect(endpoint.calls).toHaveLength(0);
    expect(await ledger()).toEqual([]);
  });

  it('proves by the database that one sync works, and notes who asked and why', async () => {
    endpoint.answer = reallySynced;
    const asked = { syncUser: ada, yes: true, reason: 'after the incident' };
    const { code, checks, nextStep } = await verdicts(syncing, asked);
    expect({ code, checks }).toEqual({ code: 0, checks: { ...healthy, sync_of_one_user: 'pass' } });
    expect(nextStep).toBe('watch start --for 48h');
    expect(endpoint.calls.map(({ body }) => body.user_id)).toEqual([ada]);
    expect(await ledger()).toEqual([
      {
        event: 'sync_requested',
        actor: 'ada',
        detail: 'incremental: HTTP 200: stored 2 of 2; because: after the incident',
      },
    ]);
  });

  it.each([
    ['a success that the database does not bear out', synced, 'fail', /did not move/],
    ['errors inside a success', json(200, { success: true, errors: ['x'] }), 'fail', /with errors/],
    ['a quota', json(402, { error: 'monthly' }), 'fail', /quota is used up/],
    ['a refusal', json(401, { error: `bad ${serviceKey}` }), 'fail', /HTTP 401/],
    [
      'another sync that is under way',
      json(409, { retry_after_seconds: 0 }),
      'unknown',
      /under way/,
    ],
  ])('does not pass %s', async (_, answer, verdict, evidence) => {
    endpoint.answer = answer;
    const verified = await verdicts(syncing, { syncUser: bob, yes: true });
    expect(verified.checks['sync_of_one_user']).toBe(verdict);
    expect(verified.evidence('sync_of_one_user')).toMatch(evidence);
    expect(JSON.stringify(verified)).not.toContain(serviceKey);
  });

  it('fails for a user that there is not', async () => {
    const verified = await verdicts(syncing, { syncUser: 'nobody', yes: true });
    expect(verified).toMatchObject({ code: 1, checks: { sync_of_one_user: 'fail' } });
    expect(endpoint.calls).toHaveLength(0);
  });

  it('interrupted, ends the call and still says what it knows', async () => {
    endpoint.answer = () => undefined;
    const cli = startCli(['verify', '--sync-user', ada, '--yes'], syncing);
    await until('the call is out', () => endpoint.calls.length === 1);
    const { code, stdout } = await cli.stop('SIGINT');
    expect(stdout).toMatch(/UNKNOWN +fathom sync of one user: .*may still be syncing/);
    expect(code).toBe(3);
  });
});
