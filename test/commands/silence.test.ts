import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { listSilences, silence, unsilence } from '../../src/commands/silence.js';
import type { SilenceOptions } from '../../src/commands/silence.js';
import { status } from '../../src/commands/status.js';
import { loadWorld } from '../../src/demo/demo-world.js';
import { openPool } from '../../src/database/open-pool.js';
import { migrate } from '../../src/store/migrate.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';
import { capture } from './captured-command.js';

let database: TestDatabase;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  database = await createDatabase(testServer17);
  env = { DATABASE_URL: database.url };
  await loadWorld(database.url);
  const options = { connectTimeoutMs: 5_000, onIdleError: () => undefined };
  const pool = openPool({ connectionString: database.url }, options);
  await migrate(pool);
  await pool.end();
});
afterEach(() => database.query('DELETE FROM oauth_token_exporter.silences'));
afterAll(() => database.drop());

const begin = (options: Partial<SilenceOptions> = {}, from = env) =>
  capture(from, (context) =>
    silence(context, {
      provider: 'fathom',
      cause: 'grants_dead',
      forTime: '2h',
      reason: 'the import is being repaired',
      actor: 'ada',
      ...options,
    }),
  );
const list = () => capture(env, listSilences);
const end = (id: string) => capture(env, (context) => unsilence(context, { id, actor: 'bob' }));
const showStatus = (json: boolean) =>
  capture(env, (context) =>
    status(context, {
      json,
      provider: null,
      status: null,
      failOn: null,
      calendar: false,
      accounts: 'masked',
    }),
  );
const idIn = (stdout: string) => /^silence (\d+):/.exec(stdout)?.[1] ?? '';

describe('silence', () => {
  it('says what it keeps from people, until when, and how to end it', async () => {
    const { code, stdout } = await begin();
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^silence (\d+): nobody is told of grants_dead of fathom until 20\d\d-.*Z\n.*unsilence \1\n$/,
    );
    const [row] = await database.query<{ minutes: number }>(
      `SELECT extract(epoch FROM ends_at - created_at)::int / 60 AS minutes
       FROM oauth_token_exporter.silences`,
    );
    expect(row).toEqual({ minutes: 120 });
  });

  it.each([
    ['a whole provider', { cause: null }, 'anything of fathom'],
    ['a cause everywhere', { provider: null }, 'grants_dead until'],
    ['a cause as people type it', { cause: 'grants-dead' }, 'grants_dead of fathom'],
  ])('takes %s', async (_, options, scope) => {
    const { code, stdout } = await begin(options);
    expect(code).toBe(0);
    expect(stdout).toContain(`nobody is told of ${scope}`);
  });

  it.each([
    ['nothing', { provider: null, cause: null }, 'say what to silence'],
    [
      'another provider',
      { provider: 'fathon' },
      'no provider "fathon" is configured: did you mean "fathom"?',
    ],
    [
      'another cause',
      { cause: 'grant_dead' },
      'there is no cause "grant_dead", did you mean "grants_dead"?',
    ],
    ['a bare number', { forTime: '2' }, '--for 2: write how long'],
    ['no time', { forTime: '0s' }, '--for 0s: write how long'],
    ['too long a time', { forTime: '31d' }, '30d at most'],
    ['no reason', { reason: ' ' }, 'say why with --reason'],
  ])('refuses %s', async (_, options, text) => {
    const { code, stderr } = await begin(options);
    expect(code).toBe(2);
    expect(stderr).toContain(text);
    expect((await list()).stdout).toBe('nothing is silenced\n');
  });

  it('can be thirty days long', async () => {
    expect((await begin({ forTime: '30d' })).code).toBe(0);
  });

  it('says what to do where there is no memory', async () => {
    const empty = await createDatabase(testServer17);
    const { code, stderr } = await begin({}, { DATABASE_URL: empty.url });
    await empty.drop();
    expect(code).toBe(3);
    expect(stderr).toContain('the exporter has no memory yet: start serve, or run migrate');
  });
});

describe('silences', () => {
  it('lists those that hold now, with who and why', async () => {
    await begin({ reason: 'hostile\u001b[2J text' });
    await begin({ reason: 'over', forTime: '1h' });
    await database.query(
      "UPDATE oauth_token_exporter.silences SET ends_at = now() WHERE reason = 'over'",
    );
    const { stdout } = await list();
    expect(stdout).toMatch(/^id +provider +cause +until +by +reason\n/);
    expect(stdout).toMatch(/\d+ +fathom +grants_dead +20.*Z +ada +hostile\\u\{1b\}\[2J text\n$/);
    expect(stdout).not.toContain('over');
  });
});

describe('unsilence', () => {
  it('ends a silence, once', async () => {
    const id = idIn((await begin()).stdout);
    expect(await end(id)).toMatchObject({
      code: 0,
      stdout: 'people are told of grants_dead of fathom again\n',
    });
    expect((await list()).stdout).toBe('nothing is silenced\n');
    expect(await end(id)).toMatchObject({ code: 1 });
    const rows = await database.query('SELECT ended_by FROM oauth_token_exporter.silences');
    expect(rows).toEqual([{ ended_by: 'bob' }]);
  });

  it.each(['', 'one', '-1', '1.5', '99999999999'])('refuses the id %j', async (id) => {
    expect(await end(id)).toMatchObject({ code: 2 });
  });
});

describe('status', () => {
  it('shows what is silenced', async () => {
    await begin();
    expect((await showStatus(false)).stdout).toMatch(
      /\nsilenced until 20.*Z: grants_dead of fathom \(ada: the import is being repaired\)\n$/,
    );
    const { silences } = JSON.parse((await showStatus(true)).stdout) as { silences: unknown[] };
    expect(silences).toMatchObject([{ provider: 'fathom', cause: 'grants_dead', by: 'ada' }]);
  });

  it('works as before where nothing is, and without a memory', async () => {
    expect((await showStatus(false)).stdout).not.toContain('silenced');
    await database.query('ALTER SCHEMA oauth_token_exporter RENAME TO elsewhere');
    const { code, stderr } = await showStatus(false);
    await database.query('ALTER SCHEMA elsewhere RENAME TO oauth_token_exporter');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
