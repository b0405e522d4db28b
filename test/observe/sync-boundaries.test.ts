import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { createPoller, referenceSchema, type Poller } from './poller.js';
import { emptySchema } from './reference-rows.js';

let database: TestDatabase;
let poller: Poller;
beforeAll(async () => {
  database = await createDatabase(testServer17);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await emptySchema(database);
  await database.query(referenceSchema);
  poller = createPoller(database.url);
});
afterEach(() => poller.close());

const fathom = async () => (await poller.poll()).providers.get('fathom');

/** now() of the poll's own transaction, as the poll cuts it. */
const now = `date_trunc('milliseconds', now())`;

/** Makes a view with these columns and one row for each age, counted from the poll's own now(). */
const viewByAge = (table: string, columns: string, ages: readonly string[]) =>
  database.query(`ALTER TABLE ${table} RENAME TO base_of_${table};
    CREATE VIEW ${table} AS
      SELECT ${columns} FROM unnest('{${ages.join(',')}}'::interval[]) WITH ORDINALITY v(age, n)`);

const token = `md5(n::text)::uuid AS id, md5(n::text)::uuid AS user_id, true AS is_active,
  now() AS token_expires_at`;

describe('a sync that succeeded', () => {
  it.each([
    ['01:00:00', '1h', 0],
    ['01:00:00.001', '1h', 1],
    ['00:59:59.999', '1h', 0],
    ['06:00:00', '6h', 0],
    ['06:00:00.001', '6h', 1],
    ['24:00:00', '24h', 0],
    ['24:00:00.001', '24h', 1],
    ['7 days', '7d', 0],
    ['7 days 00:00:00.001', '7d', 1],
  ] as const)('%s ago: the band of %s counts %i', async (age, band, count) => {
    await viewByAge(
      'fathom_integrations',
      `${token}, now() AS created_at, ${now} - age AS last_sync_at`,
      [age],
    );
    expect((await fathom())?.syncs?.lagging[band]).toBe(count);
  });

  describe.each([
    ['71:59:59.999', 0],
    ['72:00:00', 0],
    ['72:00:00.001', 1],
  ])('%s ago', (age, count) => {
    it(`${count} is overdue`, async () => {
      const columns = `now() - interval '1 year' AS created_at, ${now} - age AS last_sync_at`;
      await viewByAge('fathom_integrations', `${token}, ${columns}`, [age]);
      expect((await fathom())?.syncs?.overdue).toBe(count);
    });

    it(`${count} is overdue if that was the creation and there was no sync`, async () => {
      const columns = `${now} - age AS created_at, NULL::timestamptz AS last_sync_at`;
      await viewByAge('fathom_integrations', `${token}, ${columns}`, [age]);
      expect((await fathom())?.syncs?.overdue).toBe(count);
    });
  });
});

describe('a sync that runs', () => {
  const running = `md5(n::text)::uuid AS user_id, 'syncing' AS sync_status,
    ${now} - age AS last_sync_started_at, NULL::timestamptz AS last_sync_completed_at`;

  it.each([
    ['00:09:59.999', 0],
    ['00:10:00', 0],
    ['00:10:00.001', 1],
  ])('for %s: %i is stuck', async (age, count) => {
    await viewByAge('fathom_integrations', `${token}, now() AS created_at, now() AS last_sync_at`, [
      '0',
    ]);
    await viewByAge('fathom_sync_state', running, [age]);
    expect((await fathom())?.stuckSyncs).toBe(count);
  });

  it('counts once per token, and not for those whose token is gone', async () => {
    await viewByAge('fathom_integrations', `${token}, now() AS created_at, now() AS last_sync_at`, [
      '0',
      '0',
      '0',
    ]);
    // Five users, of whom the first three have a token.
    await viewByAge('fathom_sync_state', running, ['1 hour', '2 hours', '0', '1 hour', '1 hour']);
    expect((await fathom())?.stuckSyncs).toBe(2);
  });

  it('but does not say since when is not stuck', async () => {
    await database.query(`
      INSERT INTO fathom_integrations (user_id, access_token, token_expires_at)
      VALUES (gen_random_uuid(), 'a', now());
      INSERT INTO fathom_sync_state (user_id, integration_id, sync_status)
      SELECT user_id, id, 'syncing' FROM fathom_integrations`);
    expect((await fathom())?.stuckSyncs).toBe(0);
  });

  it('is not known where nothing is configured that shows it', async () => {
    const blind = createPoller(database.url, {
      yaml: `
providers:
  fathom:
    preset: fathom
    syncs: { last_success: [{ column: last_sync_at }], running: null }`,
    });
    const { providers } = await blind.poll();
    await blind.close();
    expect(providers.get('fathom')?.stuckSyncs).toBeNull();
    expect(providers.get('fathom')?.syncs).not.toBeNull();
  });
});

it('with no sign of a sync anywhere the lag is unknown, and the tokens are not', async () => {
  await database.query(`DROP TABLE cron_job_logs, fathom_sync_state;
    ALTER TABLE fathom_integrations DROP last_sync_at`);
  const { complete, providers } = await poller.poll();
  expect(providers.get('fathom')).toMatchObject({ tokens: { total: 0 }, syncs: null });
  expect(complete).toBe(true);
});

it('is overdue by its schedule where there is one, and not by overdue_after', async () => {
  await database.query(`INSERT INTO fathom_integrations
    (user_id, access_token, token_expires_at, last_sync_at, created_at)
    VALUES (gen_random_uuid(), 'a', now(), date_trunc('day', now()), '2001-01-01'),
           (gen_random_uuid(), 'b', now(), date_trunc('day', now()) - interval '1 second', '2001-01-01'),
           (gen_random_uuid(), 'c', now(), NULL, '2001-01-01')`);
  const scheduled = createPoller(database.url, {
    yaml: `
providers:
  fathom:
    preset: fathom
    syncs: { schedule: { cron: '0 0 * * *', grace: 1ms }, overdue_after: 52w }`,
  });
  const { providers } = await scheduled.poll();
  await scheduled.close();
  expect(providers.get('fathom')?.syncs?.overdue).toBe(2);
});

it('a threshold of thousands of years is one that nothing reaches', async () => {
  await database.query(`INSERT INTO fathom_integrations
    (user_id, access_token, token_expires_at, last_sync_at, created_at)
    VALUES (gen_random_uuid(), 'a', now() + interval '10 years', '2001-01-01', '2001-01-01')`);
  const patient = createPoller(database.url, {
    yaml: `
providers:
  fathom:
    preset: fathom
    expiring_soon: 999999w
    declared_lifetime: null
    syncs: { last_success: [{ column: last_sync_at }], overdue_after: 999999w }`,
  });
  const { complete, providers } = await patient.poll();
  await patient.close();
  expect(complete).toBe(true);
  expect(providers.get('fathom')).toMatchObject({
    tokens: { active: { expiring_soon: 1 } },
    syncs: { overdue: 0, lagging: { '7d': 1 } },
  });
});
