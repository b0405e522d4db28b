import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { observeTokenList } from '../../src/observe/observe-token-list.js';
import {
  createDatabase,
  createRole,
  describeOnEachServer,
  type TestDatabase,
  type TestRole,
} from '../support/postgres.js';
import { createPoller, type Poller } from './poller.js';
import { idOf, loadReferenceRows } from './reference-rows.js';

describeOnEachServer('row-level security', (server) => {
  let database: TestDatabase;
  let role: TestRole;
  let poller: Poller;
  beforeAll(async () => {
    database = await createDatabase(server);
    role = await createRole(database);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await loadReferenceRows(database);
    await database.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role.name}`);
    poller = createPoller(role.url);
  });
  afterEach(() => poller.close());

  const total = async () => (await poller.poll()).providers.get('fathom')?.tokens?.total ?? null;
  const tokens = () => poller.source('fathom:tokens');
  const openTokens = () =>
    database.query('CREATE POLICY open ON fathom_integrations FOR SELECT USING (true)');

  it('that shows no row makes the tokens hidden, not zero', async () => {
    expect(await total()).toBeNull();
    expect(tokens()).toMatchObject({
      state: 'hidden',
      up: false,
      reason: `row-level security of public.fathom_integrations shows the role ${role.name} no row`,
    });

    await database.query(tokens()!.remedy!);
    expect(await total()).toBe(3);
    expect(tokens()).toMatchObject({ state: 'ok', up: true, notes: [] });
  });

  it('does not hide an empty table whose policy shows every row', async () => {
    await openTokens();
    await database.query('TRUNCATE fathom_integrations CASCADE');
    expect(await total()).toBe(0);
    expect(tokens()).toMatchObject({ state: 'ok', up: true, notes: [] });
  });

  it('that shows some rows counts those, and notes it', async () => {
    await database.query(
      `CREATE POLICY own ON fathom_integrations FOR SELECT USING (id = '${idOf.ada}')`,
    );
    expect(await total()).toBe(1);
    expect(tokens()).toMatchObject({ state: 'ok', up: true });
    expect(tokens()?.notes).toEqual([
      'row-level security may hide rows from this role: counts are of what it may see',
    ]);
  });

  it('does not bind a role that bypasses it', async () => {
    const bypassing = await createRole(database, 'BYPASSRLS');
    await database.query(`GRANT SELECT ON fathom_integrations TO ${bypassing.name}`);
    const other = createPoller(bypassing.url);
    expect((await other.poll()).providers.get('fathom')?.tokens?.total).toBe(3);
    expect(other.source('fathom:tokens')).toMatchObject({ state: 'ok', notes: [] });
    await other.close();
  });

  it.each([
    ['no policy', [], 'hidden'],
    ['a policy that shows every row', ['USING (true)'], 'ok'],
    ['one for this role', ['FOR SELECT TO our_role USING (true)'], 'ok'],
    ['one for a role that it belongs to', ['TO pg_monitor USING (true)'], 'ok'],
    ['one for another role', ['TO pg_read_all_data USING (true)'], 'hidden'],
    ['one for another command', ['FOR UPDATE USING (true)'], 'hidden'],
    ['one that shows no row', ['USING (false)'], 'hidden'],
    ['one with a condition', ['USING (user_id IS NOT NULL)'], 'hidden'],
    ['a restrictive one besides', ['USING (true)', 'AS RESTRICTIVE USING (false)'], 'hidden'],
    [
      'a restrictive one for another command besides',
      ['USING (true)', 'AS RESTRICTIVE FOR UPDATE USING (false)'],
      'ok',
    ],
    [
      'a restrictive one for another role besides',
      ['USING (true)', 'AS RESTRICTIVE TO pg_read_all_data USING (false)'],
      'ok',
    ],
  ])('of a log with %s', async (_, policies, state) => {
    await openTokens();
    await database.query(`GRANT pg_monitor TO ${role.name}`);
    for (const [index, policy] of policies.entries()) {
      const definition = policy.replace('our_role', role.name);
      await database.query(`CREATE POLICY p${index} ON cron_job_logs ${definition}`);
    }
    const { complete } = await poller.poll();
    expect(poller.source('fathom:cron_job_logs')).toMatchObject({
      state,
      up: state === 'ok' ? true : null,
    });
    expect(complete).toBe(true);
  });

  it('hides the tokens from a list as well', async () => {
    const { providers } = await observeTokenList(
      poller.database,
      poller.config.providers,
      Date.now,
    );
    expect(providers[0]?.tokens).toMatchObject({ known: false, state: 'hidden' });
  });

  it('beneath a view that reads as its caller hides the tokens too', async () => {
    await database.query(`
      ALTER TABLE fathom_integrations RENAME TO base;
      CREATE VIEW fathom_integrations WITH (security_invoker) AS SELECT * FROM base;
      GRANT SELECT ON fathom_integrations TO ${role.name}`);
    expect(await total()).toBeNull();
    expect(tokens()).toMatchObject({ state: 'hidden', up: false });

    await database.query('CREATE POLICY open ON base FOR SELECT USING (true)');
    expect(await total()).toBe(3);
    expect(tokens()).toMatchObject({ state: 'ok', notes: [] });
  });

  it('beneath a view that reads as its owner does not matter', async () => {
    await database.query(`
      ALTER TABLE fathom_integrations RENAME TO base;
      CREATE VIEW fathom_integrations AS SELECT * FROM base;
      GRANT SELECT ON fathom_integrations TO ${role.name}`);
    expect(await total()).toBe(3);
    expect(tokens()).toMatchObject({ state: 'ok', notes: [] });
  });
});
