import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import pg from 'pg';
import { observeTokenList } from '../../src/observe/observe-token-list.js';
import {
  createDatabase,
  createRole,
  testServer17,
  type TestDatabase,
  type TestRole,
} from '../support/postgres.js';
import { createPoller, type Poller } from './poller.js';
import { columnsRead, grantColumns, loadReferenceRows } from './reference-rows.js';

let database: TestDatabase;
let role: TestRole;
let poller: Poller;
beforeAll(async () => {
  database = await createDatabase(testServer17);
  role = await createRole(database);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await loadReferenceRows(database);
  poller = createPoller(role.url);
});
afterEach(() => poller.close());

const tokens = () => poller.source('fathom:tokens');

describe('a role that may read just the columns that are no secret', () => {
  beforeEach(() => grantColumns(database, role));

  it('sees every token and every sync', async () => {
    const { complete, providers } = await poller.poll();
    expect(complete).toBe(true);
    expect(poller.source('fathom:tokens')).toMatchObject({ state: 'ok', notes: [] });
    expect(poller.source('fathom:cron_job_logs')).toMatchObject({ state: 'ok', up: true });
    expect(poller.source('fathom:fathom_sync_state')).toMatchObject({ state: 'ok', up: true });
    expect(providers.get('fathom')).toMatchObject({
      tokens: { total: 3 },
      syncs: { lastSuccess: [{}, {}] },
      stuckSyncs: 1,
    });
  });

  it('lists the tokens', async () => {
    const { providers } = await observeTokenList(
      poller.database,
      poller.config.providers,
      Date.now,
    );
    expect(providers[0]?.tokens).toMatchObject({ known: true, value: [{}, {}, {}] });
  });

  it.each(['access_token', 'refresh_token'])('may not read %s', async (column) => {
    const client = new pg.Client({ connectionString: role.url });
    await client.connect();
    await expect(client.query(`SELECT ${column} FROM fathom_integrations`)).rejects.toMatchObject({
      code: '42501',
    });
    await client.end();
  });

  it.each(['id', 'user_id', 'token_expires_at', 'is_active'])(
    'is denied without %s, and told the GRANT that helps',
    async (column) => {
      await database.query(`REVOKE SELECT (${column}) ON fathom_integrations FROM ${role.name}`);
      await poller.poll();
      expect(tokens()).toMatchObject({
        state: 'denied',
        up: false,
        reason: `the role ${role.name} may not read ${column} of public.fathom_integrations`,
      });

      await database.query(tokens()!.remedy!);
      await poller.poll();
      expect(tokens()).toMatchObject({ state: 'ok', up: true });
    },
  );

  it('sees the tokens without an account that it may not read', async () => {
    await database.query(
      `REVOKE SELECT (fathom_user_email, last_sync_at) ON fathom_integrations FROM ${role.name}`,
    );
    const { providers } = await poller.poll();
    expect(providers.get('fathom')?.tokens?.total).toBe(3);
    expect(tokens()?.notes).toEqual([
      "column fathom_user_email can't be read, so it is not shown",
      "column last_sync_at can't be read, so syncs may look older than they are",
    ]);
  });
});

describe('a role without SELECT', () => {
  it('is denied, and nothing is reported as zero', async () => {
    const { providers, complete } = await poller.poll();
    expect(complete).toBe(false);
    expect(providers.get('fathom')?.tokens).toBeNull();
    expect(tokens()).toMatchObject({ state: 'denied', up: false });
  });

  it('that lost it between two polls is down and keeps the last values', async () => {
    await grantColumns(database, role);
    const before = await poller.poll();
    await database.query(
      `REVOKE SELECT (${columnsRead.fathom_integrations}) ON fathom_integrations FROM ${role.name}`,
    );
    const after = await poller.poll();
    expect(tokens()).toMatchObject({ state: 'denied', up: false });
    expect(after.providers).toEqual(before.providers);
  });

  it('on an optional table sees it denied, which is neither up nor down', async () => {
    await grantColumns(database, role);
    await database.query(
      `REVOKE SELECT (${columnsRead.cron_job_logs}) ON cron_job_logs FROM ${role.name}`,
    );
    const { complete } = await poller.poll();
    expect(complete).toBe(true);
    expect(poller.source('fathom:cron_job_logs')).toMatchObject({ state: 'denied', up: null });
  });
});

it('a role with a GRANT on the whole table sees it', async () => {
  await database.query(`GRANT SELECT ON fathom_integrations TO ${role.name};
    CREATE POLICY monitoring ON fathom_integrations FOR SELECT TO ${role.name} USING (true)`);
  await poller.poll();
  expect(tokens()).toMatchObject({ state: 'ok', up: true });
});

it('a role without USAGE on the schema is denied, and told the GRANT that helps', async () => {
  await grantColumns(database, role);
  await database.query('REVOKE USAGE ON SCHEMA public FROM PUBLIC');
  await poller.poll();
  expect(tokens()).toMatchObject({
    state: 'denied',
    up: false,
    reason: `the role ${role.name} may not read the schema of public.fathom_integrations`,
  });

  await database.query(tokens()!.remedy!);
  await poller.poll();
  expect(tokens()).toMatchObject({ state: 'ok', up: true });
});
