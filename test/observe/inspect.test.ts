import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inspect } from '../../src/observe/inspect.js';
import {
  createDatabase,
  createRole,
  testServer17,
  type TestDatabase,
} from '../support/postgres.js';
import { createPoller, type Poller } from './poller.js';
import { grantColumns, loadReferenceRows } from './reference-rows.js';

let database: TestDatabase;
let poller: Poller;
beforeAll(async () => {
  database = await createDatabase(testServer17);
});
afterAll(() => database.drop());
beforeEach(async () => {
  await loadReferenceRows(database);
  poller = createPoller(database.url);
});
afterEach(() => poller.close());

const look = (of = poller, clock = Date.now) => inspect(of.database, of.config, clock);

describe('an inspection', () => {
  it('sees who we are, what server this is, and what a poll would see', async () => {
    const { role, serverVersion, observation } = await look();
    expect(role).toBe('postgres');
    expect(serverVersion).toMatch(/^17\./);
    expect(observation.providers[0]?.tokens).toMatchObject({ known: true });
  });

  it('knows what may be read of each table, and its keys', async () => {
    const role = await createRole(database);
    await grantColumns(database, role);
    const restricted = createPoller(role.url);
    const { catalog } = await look(restricted);
    await restricted.close();

    expect(catalog.role).toBe(role.name);
    expect([...catalog.relations.keys()].sort()).toEqual([
      'public.cron_job_logs',
      'public.fathom_integrations',
      'public.fathom_sync_state',
    ]);
    const relation = catalog.relations.get('public.fathom_integrations');
    expect(relation).toMatchObject({
      isView: false,
      schemaUsable: true,
      rowSecurity: 'open',
      indexes: expect.arrayContaining([
        expect.objectContaining({ columns: ['id'], included: [], partial: false }),
        expect.objectContaining({ columns: ['user_id'], included: [], partial: false }),
      ]) as unknown,
      uniqueKeys: expect.arrayContaining([['id'], ['user_id']]) as unknown,
    });
    expect(relation?.columns.get('is_active')).toEqual({
      type: 'boolean',
      defaultSql: 'true',
      selectable: true,
      notNull: false,
    });
    expect(relation?.columns.get('refresh_token')).toEqual({
      type: 'text',
      defaultSql: null,
      selectable: false,
      notNull: false,
    });
  });

  it('finds the latest expiry that lies ahead', async () => {
    const latest = async () => (await look()).latestExpiresAtMs.get('fathom');
    await database.query(`UPDATE fathom_integrations SET token_expires_at = '2125-01-01'
      WHERE fathom_user_email = 'ada@example.com'`);
    expect(await latest()).toBe(Date.parse('2125-01-01T00:00:00Z'));
    await database.query(`UPDATE fathom_integrations SET token_expires_at = 'infinity'`);
    expect(await latest()).toBeNull();
    await database.query(
      `UPDATE fathom_integrations SET token_expires_at = now() - interval '1 s'`,
    );
    expect(await latest()).toBeNull();
  });

  it('does without the tokens where they can not be read', async () => {
    await database.query('DROP TABLE fathom_integrations CASCADE');
    const { latestExpiresAtMs, observation } = await look();
    expect(latestExpiresAtMs.get('fathom')).toBeUndefined();
    expect(observation.providers[0]?.tokens).toMatchObject({ known: false, state: 'missing' });
  });
});

describe("the database's clock", () => {
  it('is the one that decides, and ours is compared with it', async () => {
    const anHourAhead = () => Date.now() + 3_600_000;
    const { observation } = await look(poller, anHourAhead);
    expect(observation.clockSkewMs).toBeGreaterThan(3_590_000);
    expect(observation.clockSkewMs).toBeLessThan(3_610_000);
    expect(Math.abs(observation.now.getTime() - Date.now())).toBeLessThan(60_000);
  });

  it('is understood whatever way the server writes timestamps', async () => {
    await database.query(`ALTER DATABASE ${database.name} SET DateStyle = 'German'`);
    const fresh = createPoller(database.url);
    const { now, clockSkewMs } = await fresh.observe();
    await fresh.close();
    await database.query(`ALTER DATABASE ${database.name} RESET DateStyle`);
    expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(60_000);
    expect(Math.abs(clockSkewMs)).toBeLessThan(60_000);
  });
});
