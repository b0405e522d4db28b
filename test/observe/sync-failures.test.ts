import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  createDatabase,
  createRole,
  describeOnEachServer,
  type TestDatabase,
} from '../support/postgres.js';
import { createPoller } from './poller.js';
import { grantColumns, idOf, loadReferenceRows } from './reference-rows.js';

const bob = '00000000-0000-0000-0000-0000000000bb';

describeOnEachServer('failed syncs', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase(server);
  });
  afterAll(() => database.drop());
  beforeEach(() => loadReferenceRows(database));

  /** A failed sync of bob, whose last success was three hours ago. */
  const fail = (ago: string, message: string | null, details: string | null = null) =>
    database.query(
      `INSERT INTO cron_job_logs (job_name, user_id, status, message, error_details, created_at)
       VALUES ('fathom_hourly_sync', $1, 'error', $2, $3, now() - $4::interval)`,
      [bob, message, details, ago],
    );

  async function poll(url = database.url, yaml?: string) {
    const poller = createPoller(url, yaml === undefined ? {} : { yaml });
    try {
      const { providers, sources } = await poller.poll();
      return { failures: providers.get('fathom')?.syncFailures, sources };
    } finally {
      await poller.close();
    }
  }

  it('are none where nothing failed, which is not unknown', async () => {
    const { failures } = await poll();
    expect(failures?.byToken.size).toBe(0);
    expect(failures?.byReason.auth).toBe(0);
  });

  it('have the reason of their message, or of its details', async () => {
    await fail('2 hours', 'Fathom sync failed', 'Fathom API error: 401');
    const { failures } = await poll();
    expect(failures?.byToken.get(idOf.bob)).toMatchObject({ reason: 'auth' });
    expect(failures?.byReason).toMatchObject({ auth: 1, other: 0 });
  });

  it.each([
    ['before the last success', '3 hours 1 second'],
    ['in the future', '-1 hour'],
  ])('that lie %s do not count', async (_, ago) => {
    await fail(ago, 'Fathom API error: 401');
    expect((await poll()).failures?.byToken.size).toBe(0);
  });

  it('are seen in the state too, and count once for a token', async () => {
    await fail('2 hours', 'Fathom API error: 429');
    await database.query(
      `INSERT INTO fathom_sync_state (user_id, integration_id, sync_status, last_sync_error, updated_at)
       VALUES ($1, $2, 'error', 'Token refresh failed: invalid_grant', now() - interval '1 hour')`,
      [bob, idOf.bob],
    );
    expect((await poll()).failures?.byReason).toMatchObject({ reauthorize: 1, rate_limited: 0 });
  });

  it('of an inactive token do not count', async () => {
    await database.query(
      `UPDATE fathom_integrations SET is_active = false WHERE id = '${idOf.bob}'`,
    );
    await fail('2 hours', 'Fathom API error: 401');
    expect((await poll()).failures?.byToken.size).toBe(0);
  });

  it('are read only in part: nothing of a message leaves the poll but its reason', async () => {
    await fail('2 hours', `${'x'.repeat(100_000)} Fathom API error: 401 planted-secret`);
    const { failures } = await poll();
    expect(failures?.byToken.get(idOf.bob)?.reason).toBe('other');
    expect(JSON.stringify([...(failures?.byToken ?? [])])).not.toContain('planted');
  });

  it('are known without their messages to a role that may not read those', async () => {
    await fail('2 hours', 'Fathom API error: 401');
    const role = await createRole(database);
    await grantColumns(database, role);
    await database.query(
      `REVOKE SELECT (message, error_details) ON cron_job_logs FROM ${role.name}`,
    );
    const { failures, sources } = await poll(role.url);
    expect(failures?.byToken.get(idOf.bob)).toMatchObject({ reason: 'other' });
    const source = sources.get('fathom:cron_job_logs');
    expect(source).toMatchObject({ state: 'ok', up: true });
    expect(source?.notes.join()).toMatch(/message can't be read, so it is not known why/);
  });

  it('that can not be read are unknown, and leave the successes known', async () => {
    await fail('2 hours', 'Fathom API error: 401');
    const role = await createRole(database);
    await grantColumns(database, role);
    await database.query(`REVOKE SELECT (updated_at) ON fathom_sync_state FROM ${role.name}`);
    const { failures, sources } = await poll(role.url);
    expect(failures).toBeNull();
    const source = sources.get('fathom:fathom_sync_state');
    expect(source).toMatchObject({ state: 'ok', up: true });
    expect(source?.notes.join()).toMatch(/failed syncs can't be read.*GRANT SELECT/);
  });

  it('of a table that must be there and is not are a source that is down', async () => {
    const { sources } = await poll(
      database.url,
      `
providers:
  fathom:
    preset: fathom
    syncs:
      failures: [{ table: nowhere, subject: user_id, at: at }]`,
    );
    expect(sources.get('fathom:nowhere')).toMatchObject({ state: 'missing', up: false });
    expect(sources.get('fathom:cron_job_logs')).toMatchObject({ state: 'ok', up: true });
  });
});
