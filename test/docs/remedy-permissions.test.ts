import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadWorld } from '../../src/demo/demo-world.js';
import { createDatabase, describeOnEachServer, type TestDatabase } from '../support/postgres.js';
import { runCli } from '../support/process.js';
import { codeBlocks, readDocument, section } from './markdown.js';

const [observing = ''] = codeBlocks(
  section(readDocument('README.md').text, '## Permissions'),
  'sql',
);
const [remembering = ''] = codeBlocks(
  section(readDocument('docs/refresh.md').text, '## Permissions'),
  'sql',
);
const [remedying = ''] = codeBlocks(
  section(readDocument('docs/remedies.md').text, '## Permissions'),
  'sql',
);
const role = 'token_reader';

describeOnEachServer('the permissions of docs/remedies.md', (server) => {
  let database: TestDatabase;
  let reader: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    database = await createDatabase(server);
    await loadWorld(database.url);
    // Roles belong to the whole server, so this one gets the name of its database.
    reader = `${role}_of_${database.name}`;
    for (const sql of [observing, remembering]) {
      await database.query(sql.replaceAll(role, reader));
    }
    const url = new URL(database.url);
    url.username = reader;
    url.password = /PASSWORD '([^']+)'/.exec(observing)?.[1] ?? '';
    env = { DATABASE_URL: url.href };
    expect(await runCli(['migrate'], env)).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await database.query(`DROP OWNED BY ${reader}; DROP ROLE ${reader}`);
    await database.drop();
  });

  const inactive = async () => {
    const [row] = await database.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM fathom_integrations WHERE NOT is_active',
    );
    return row?.count ?? 0;
  };

  it('are needed: without them it says whose addresses it can not read', async () => {
    const { code, stderr } = await runCli(['reconnect', '--all-expired'], env);
    expect(code).toBe(0);
    expect(stderr).toMatch(/may not read id, email of public\.profiles; GRANT/);
  });

  it('let a role list people with their addresses, and switch rows off and on', async () => {
    await database.query(remedying.replaceAll(role, reader));
    const list = await runCli(['reconnect', '--all-expired', '--csv', '--accounts', 'full'], env);
    expect(list).toMatchObject({ code: 0, stderr: '' });
    expect(list.stdout).toMatch(/@example\.com,[^,]*@example\.com,/);
    const before = await inactive();
    const off = await runCli(['deactivate', '--expired', '--force', '--yes'], env);
    expect(off).toMatchObject({ code: 0, stderr: '' });
    expect(await inactive()).toBeGreaterThan(before);
    const on = await runCli(['reactivate', '--undo', '--yes'], env);
    expect(on).toMatchObject({ code: 0, stderr: '' });
    expect(await inactive()).toBe(before);
  });

  it.each([
    ['read an access token', 'SELECT access_token FROM fathom_integrations'],
    ['write a token', 'UPDATE fathom_integrations SET refresh_token = refresh_token'],
    ['delete a row', 'DELETE FROM fathom_integrations'],
    ['change a person', 'UPDATE profiles SET email = email'],
    ['read more of a person', 'SELECT last_name FROM profiles'],
  ])('do not let it %s', async (_, sql) => {
    const client = new pg.Client({ connectionString: env['DATABASE_URL'] });
    await client.connect();
    try {
      // insufficient_privilege
      await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.end();
    }
  });
});
