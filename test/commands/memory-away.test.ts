import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCode } from '../../src/commands/exit-code.js';
import { reconnect } from '../../src/commands/reconnect.js';
import { status } from '../../src/commands/status.js';
import { findFreePort } from '../support/free-port.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';
import { capture } from './captured-command.js';

describe('commands when only the database of the memory is away', () => {
  let database: TestDatabase;
  let directory: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    database = await createDatabase(testServer17);
    await database.query(`CREATE TABLE tokens (id text PRIMARY KEY, expires_at timestamptz);
      INSERT INTO tokens VALUES ('mine', now() - interval '1 day'), ('next', now() + interval '1 day')`);
    directory = await mkdtemp(join(tmpdir(), 'memory-away-'));
    await writeFile(
      join(directory, 'config.yaml'),
      'providers: { own: { table: tokens, columns: { id: id, subject: id, expires_at: expires_at } } }',
    );
    env = {
      DATABASE_URL: database.url,
      STATE_DATABASE_URL: `postgresql://reader@127.0.0.1:${String(await findFreePort())}/memory`,
      CONFIG_FILE: join(directory, 'config.yaml'),
    };
  });
  afterAll(async () => {
    await database.drop();
    await rm(directory, { recursive: true });
  });
  const away = /the exporter's memory can't be read: nothing listens at memory \(127\.0\.0\.1:/;

  it('reconnect lists who has expired, and says what is not known and why', async () => {
    const { code, stdout, stderr } = await capture(env, (context) =>
      reconnect(context, { provider: null, allExpired: true, format: 'table', accounts: 'masked' }),
    );
    expect(stdout).toContain('mine');
    expect(stderr).toMatch(/^it is not known which grants are dead: /);
    expect(stderr).toMatch(away);
    expect(code).toBe(exitCode.unknown);
  });

  it('status --calendar tells the expiries, and what is not known and why', async () => {
    const { code, stdout, stderr } = await capture(env, (context) =>
      status(context, {
        json: true,
        provider: null,
        status: null,
        failOn: null,
        calendar: true,
        accounts: 'masked',
      }),
    );
    expect(JSON.parse(stdout)).toMatchObject({ providers: [{ provider: 'own' }] });
    expect(stderr).toMatch(/^it is not known what a refresh saves: /);
    expect(stderr).toMatch(away);
    expect(code).toBe(exitCode.unknown);
  });
});
