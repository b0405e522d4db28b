import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../src/commands/migrate.js';
import { findFreePort } from '../support/free-port.js';
import { createDatabase, createRole, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';
import { runCli } from '../support/process.js';
import { capture } from './captured-command.js';

let database: TestDatabase;

beforeEach(async () => {
  database = await createDatabase(testServer17);
});

afterEach(async () => {
  await database.drop();
});

const run = (env: NodeJS.ProcessEnv) => capture(env, (context) => migrate(context, false));

async function tables(where: TestDatabase): Promise<string[]> {
  const rows = await where.query<{ table_name: string }>(
    `SELECT table_name FROM information_schema.tables
     WHERE table_schema = 'oauth_token_exporter' ORDER BY 1`,
  );
  return rows.map(({ table_name }) => table_name);
}

describe('migrate', () => {
  it('says which versions it applied, and then that nothing was to do', async () => {
    const env = { DATABASE_URL: database.url };
    expect(await run(env)).toMatchObject({ code: 0, stderr: '' });
    expect(await tables(database)).toContain('ledger');
    const again = await run(env);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/is up to date/);
  });

  it('prints SQL that a person can run instead, without any configuration', async () => {
    const { code, stdout } = await runCli(['migrate', '--print']);
    expect(code).toBe(0);
    await database.query(stdout);
    expect((await run({ DATABASE_URL: database.url })).stdout).toMatch(/is up to date/);
  });

  it('goes to where the memory is', async () => {
    const elsewhere = await createDatabase(testServer17);
    try {
      const env = { DATABASE_URL: database.url, STATE_DATABASE_URL: elsewhere.url };
      const { stdout } = await run(env);
      expect(stdout).toContain(elsewhere.name);
      expect(await tables(elsewhere)).toContain('ledger');
      expect(await tables(database)).toEqual([]);
    } finally {
      await elsewhere.drop();
    }
  });

  it('says what is missing when the role may not', async () => {
    const role = await createRole(database);
    const { code, stderr } = await run({ DATABASE_URL: role.url });
    expect(code).toBe(1);
    expect(stderr).toMatch(/GRANT CREATE ON DATABASE/);
  });

  it('leaves the schema of a newer exporter alone', async () => {
    await run({ DATABASE_URL: database.url });
    await database.query('INSERT INTO oauth_token_exporter.schema_version (version) VALUES (999)');
    const { code, stderr } = await run({ DATABASE_URL: database.url });
    expect(code).toBe(1);
    expect(stderr).toMatch(/version 999, made by a newer exporter/);
  });

  it('can not tell without the database', async () => {
    const port = String(await findFreePort());
    const { code, stderr } = await run({ DATABASE_URL: `postgresql://a@127.0.0.1:${port}/b` });
    expect(code).toBe(3);
    expect(stderr).toContain(port);
  });
});
