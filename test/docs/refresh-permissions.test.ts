import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadWorld } from '../../src/demo/demo-world.js';
import { readSnapshot } from '../../src/database/read-snapshot.js';
import { readCatalog } from '../../src/observe/catalog.js';
import { observe } from '../../src/observe/observe.js';
import { tablesOf } from '../../src/observe/token-source.js';
import { lockRows } from '../../src/refresh/app-rows.js';
import { storeTokens } from '../../src/refresh/store-tokens.js';
import { resolveAppTable, type AppTable } from '../../src/refresh/app-table.js';
import { openState } from '../../src/store/open-state.js';
import { rememberRows } from '../../src/store/remember-rows.js';
import { createPoller, type Poller } from '../observe/poller.js';
import { createDatabase, describeOnEachServer, type TestDatabase } from '../support/postgres.js';
import { codeBlocks, readDocument, section } from './markdown.js';

const [observing = ''] = codeBlocks(
  section(readDocument('README.md').text, '## Permissions'),
  'sql',
);
const [remembering = '', refreshing = ''] = codeBlocks(
  section(readDocument('docs/refresh.md').text, '## Permissions'),
  'sql',
);
const role = 'token_reader';

describeOnEachServer('the permissions of docs/refresh.md', (server) => {
  let database: TestDatabase;
  let reader: string;
  let poller: Poller;
  let tokenId: string;
  const asReader = (sql: string) => sql.replaceAll(role, reader);

  beforeAll(async () => {
    database = await createDatabase(server);
    await loadWorld(database.url);
    // Roles belong to the whole server, so this one gets the name of its database.
    reader = `${role}_of_${database.name}`;
    await database.query(asReader(observing));
    const url = new URL(database.url);
    url.username = reader;
    url.password = /PASSWORD '([^']+)'/.exec(observing)?.[1] ?? '';
    poller = createPoller(url.href);
    const rows = await database.query<{ id: string }>(
      `UPDATE fathom_integrations SET refresh_token = 'the one used', is_active = true
       WHERE id = (SELECT id FROM fathom_integrations ORDER BY id LIMIT 1) RETURNING id::text`,
    );
    tokenId = rows[0]!.id;
  });
  afterAll(async () => {
    await poller.close();
    await database.query(`DROP OWNED BY ${reader}; DROP ROLE ${reader}`);
    await database.drop();
  });

  const provider = () => poller.config.providers[0]!;
  const pool = () => poller.database.pool;

  async function tableOfProvider(): Promise<AppTable> {
    const table = await readSnapshot(poller.database, async ({ query }) =>
      resolveAppTable(provider(), await readCatalog(query, reader, tablesOf(provider().tokens))),
    );
    if (!table.known) throw new Error(table.reason);
    return table.value;
  }

  async function lockedRow() {
    const table = await tableOfProvider();
    return (await lockRows(pool(), table, [tokenId])).get(tokenId)?.locked;
  }

  it('observing is not enough to remember, and it says what is missing', async () => {
    expect(await openState(pool()).ensureReady()).toContain('GRANT CREATE ON DATABASE');
  });

  it('let a role remember, and the privilege is needed once', async () => {
    await database.query(asReader(remembering));
    expect(await openState(pool()).ensureReady()).toBeNull();
    await database.query(`REVOKE CREATE ON DATABASE ${database.name} FROM ${reader}`);
    expect(await openState(pool()).ensureReady()).toBeNull();

    const { now, providers } = await observe(
      poller.database,
      poller.config,
      new Set(),
      Date.now,
      true,
    );
    const [fathom] = providers;
    const rows = fathom?.tokens.known === true ? (fathom.tokens.value.rows ?? []) : [];
    expect(rows).toHaveLength(60);
    const seen = rows.map((row) => ({
      id: row.id,
      events: ['first_seen' as const],
      seen: row,
      lifetimeMs: null,
    }));
    const { memory } = await rememberRows(pool(), 'fathom', now, () => seen);
    expect(memory.tokens.size).toBe(60);
  });

  it('of observing and remembering do not let it touch a token', async () => {
    await expect(lockedRow()).rejects.toMatchObject({ code: '42501' });
  });

  it('let a role refresh at the token endpoint: read a row, and store what comes', async () => {
    await database.query(asReader(refreshing));
    expect(await lockedRow()).toMatchObject({
      kind: 'row',
      row: { tokenId, refreshToken: 'the one used' },
    });

    const table = await tableOfProvider();
    const expiresAtMs = Date.now() + 86_400_000;
    const results = await storeTokens(pool(), table, [
      { tokenId, used: 'the one used', accessToken: 'new', refreshToken: 'next', expiresAtMs },
    ]);
    expect(results.get(tokenId)).toEqual({ kind: 'stored', expiresAtMs });
    const [row] = await database.query(
      `SELECT access_token, refresh_token FROM fathom_integrations WHERE id = '${tokenId}'`,
    );
    expect(row).toEqual({ access_token: 'new', refresh_token: 'next' });
  });

  it.each([
    ['read an access token', 'SELECT access_token FROM fathom_integrations'],
    ['switch a row off', 'UPDATE fathom_integrations SET is_active = false'],
    ['delete a row', 'DELETE FROM fathom_integrations'],
    ['add a row', 'INSERT INTO fathom_integrations (user_id) VALUES (gen_random_uuid())'],
    ['write another table', 'UPDATE fathom_sync_state SET sync_status = sync_status'],
    ['read another table', 'SELECT email FROM profiles'],
  ])('of all modes together do not let it %s', async (_, sql) => {
    const client = new pg.Client({ connectionString: poller.config.databases[0]!.url });
    await client.connect();
    try {
      // insufficient_privilege
      await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.end();
    }
  });

  it('need the policy for updates: without it a row can be seen and not refreshed', async () => {
    await database.query('DROP POLICY token_refresher ON fathom_integrations');
    expect(await lockedRow()).toEqual({ kind: 'not_writable' });
  });
});
