import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { runCli } from '../support/process.js';
import { writeConfigFile } from './config-file.js';

/** A token whose expiry moves with now() would make the table of every run another one. */
const rows = `
CREATE TABLE fathom_integrations (id text PRIMARY KEY, user_id text NOT NULL, fathom_user_email text,
  token_expires_at timestamptz, is_active boolean DEFAULT true, refresh_token text,
  created_at timestamptz DEFAULT now());
INSERT INTO fathom_integrations (id, user_id, fathom_user_email, token_expires_at, is_active) VALUES
  ('t1', 'ada', 'ada@example.com', '2125-01-31 08:12:05.678+00', true),
  ('t2', 'bob', 'bob@example.com', '2024-11-28 23:59:59.999+00', NULL),
  ('t3', 'cleo', NULL, '2024-11-27 00:00:00+00', false),
  ('t4', 'dan', 'dan@example.com', 'infinity', true),
  ('t5', 'eve', 'eve@example.com', NULL, true),
  ('t6', 'fay', 'fay@example.com', '-infinity', true);
CREATE TABLE google_integrations (id int PRIMARY KEY, user_id text, email text, expires_at timestamptz,
  token_status text, refresh_token text);
INSERT INTO google_integrations VALUES
  (1, 'ada', 'ada@example.org', now() + interval '1 day', 'valid'),
  (2, 'bob', 'bob@example.org', '2024-11-28 12:00:00+00', 'valid')`;

const google = (table = 'google_integrations') => `
  google:
    table: ${table}
    columns: {id: id, subject: user_id, account: email, expires_at: expires_at, status: token_status}`;
const fathom = `
providers:
  fathom:
    preset: fathom`;

let database: TestDatabase;
let env: { DATABASE_URL: string };
beforeAll(async () => {
  database = await createDatabase(testServer17);
  await database.query(rows);
  env = { DATABASE_URL: database.url };
});
afterAll(() => database.drop());

const status = (...args: string[]) => runCli(['status', ...args], env);
const both = async (table?: string) => ({
  ...env,
  CONFIG_FILE: await writeConfigFile(fathom + google(table)),
});
const usersIn = (json: string) =>
  (JSON.parse(json) as { tokens: { user_id: string }[] }).tokens.map(({ user_id }) => user_id);

describe('status', () => {
  it("prints the runbook's table: no expiry first, then the soonest", async () => {
    expect(await status()).toEqual({
      code: 0,
      stderr: '',
      stdout: `user_id  account        token_expires_at      is_active  token_status
-------  -------------  --------------------  ---------  ------------
eve      e***@e***.com                        true       UNKNOWN
fay      f***@e***.com  -infinity             true       EXPIRED
cleo                    2024-11-27 00:00:00Z  false      EXPIRED
bob      b***@e***.com  2024-11-28 23:59:59Z  true       EXPIRED
ada      a***@e***.com  2125-01-31 08:12:05Z  true       VALID
dan      d***@e***.com  infinity              true       VALID

6 tokens: 2 VALID, 3 EXPIRED, 1 UNKNOWN
`,
    });
  });

  it('prints JSON for programs', async () => {
    const { code, stdout } = await status('--json');
    const answer = JSON.parse(stdout) as { now: string; tokens: unknown[]; unknown: unknown[] };
    expect(Math.abs(new Date(answer.now).getTime() - Date.now())).toBeLessThan(60_000);
    expect(answer.unknown).toEqual([]);
    expect(answer.tokens).toHaveLength(6);
    expect(answer.tokens[3]).toEqual({
      provider: 'fathom',
      token_id: 't2',
      user_id: 'bob',
      account: 'b***@e***.com',
      token_expires_at: '2024-11-28T23:59:59.999Z',
      is_active: true,
      token_status: 'EXPIRED',
      app_status: null,
    });
    expect(answer.tokens.at(-1)).toMatchObject({ token_expires_at: 'infinity' });
    expect(code).toBe(0);
  });

  it('masks accounts unless somebody asks for them', async () => {
    for (const args of [[], ['--json']]) {
      expect((await status(...args)).stdout).not.toContain('bob@');
      expect((await status(...args, '--accounts', 'full')).stdout).toContain('bob@example.com');
      expect((await status(...args, '--accounts', 'none')).stdout).not.toContain('@');
    }
    const explained = (...args: string[]) => runCli(['explain', 't2', ...args], env);
    expect((await explained()).stdout).toContain('b***@e***.com');
    expect((await explained('--accounts', 'full')).stdout).toContain('bob@example.com');
  });

  it.each([
    [
      ['--status', 'expired'],
      ['fay', 'cleo', 'bob'],
    ],
    [
      ['--status', 'EXPIRED'],
      ['fay', 'cleo', 'bob'],
    ],
    [['--status', 'expiring_soon'], []],
    [['--status', 'expiring-soon'], []],
    [['--status', 'EXPIRING SOON'], []],
    [['--status', 'unknown'], ['eve']],
    [
      ['--provider', 'fathom', '--status=valid'],
      ['ada', 'dan'],
    ],
  ])('lists only %j', async (args, users) => {
    const { code, stdout } = await status('--json', ...args);
    expect(usersIn(stdout)).toEqual(users);
    expect(code).toBe(0);
  });

  it('says so when nothing is to be listed', async () => {
    const { stdout } = await status('--status', 'expiring-soon');
    expect(stdout).toMatch(/^user_id {2}account.*\n-+ {2}-.*\n\n0 tokens\n$/);
  });

  it.each([
    [['--fail-on', 'expired'], 1],
    [['--fail-on', 'expiring-soon'], 0],
    [['--fail-on', 'unknown', '--status', 'valid'], 0],
    [['--fail-on', 'valid', '--status', 'VALID'], 1],
  ])('%j exits %i', async (args, code) => {
    expect((await status(...args)).code).toBe(code);
  });

  it.each([
    [['--status', 'lapsed'], /argument 'lapsed' is invalid. Expected one of: valid, expiring_soon/],
    [['--fail-on', ''], /Expected one of: valid, expiring_soon, expired, unknown/],
    [['--provider', 'fathm'], /no provider "fathm" is configured: did you mean "fathom"\?/],
    [['--provider', 'slack'], /no provider "slack" is configured: expected one of: fathom/],
    [['--stats'], /unknown option '--stats'/],
    [['extra'], /too many arguments/],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stdout, stderr } = await status(...args);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('lists several providers in one order, each row with its provider', async () => {
    const { code, stdout } = await runCli(['status'], await both());
    expect(stdout.split('\n')[0]).toMatch(/^provider {2}user_id/);
    expect(stdout.split('\n').slice(2, 10)).toEqual([
      expect.stringMatching(/^fathom +eve .* UNKNOWN$/),
      expect.stringMatching(/^fathom +fay .* EXPIRED$/),
      expect.stringMatching(/^fathom +cleo .* EXPIRED$/),
      expect.stringMatching(/^google +bob .* EXPIRED$/),
      expect.stringMatching(/^fathom +bob .* EXPIRED$/),
      expect.stringMatching(/^google +ada .* EXPIRING SOON$/),
      expect.stringMatching(/^fathom +ada .* VALID$/),
      expect.stringMatching(/^fathom +dan .* VALID$/),
    ]);
    expect(code).toBe(0);
  });

  it('shows the providers it can read, and exits 3 for the one it can not', async () => {
    const config = await both('no_such_table');
    const { code, stdout, stderr } = await runCli(['status'], config);
    expect(stdout).toContain('6 tokens: ');
    expect(stderr).toMatch(/^google: table public\.no_such_table does not exist; /m);
    expect(code).toBe(3);

    const json = await runCli(['status', '--json', '--fail-on', 'expiring-soon'], config);
    expect(usersIn(json.stdout)).toHaveLength(6);
    expect(JSON.parse(json.stdout)).toMatchObject({
      unknown: [{ provider: 'google', reason: 'table public.no_such_table does not exist' }],
    });
    expect(json.code).toBe(3);
    expect((await runCli(['status', '--fail-on', 'expired'], config)).code).toBe(1);
  });

  it('exits 3 when the database is away, and says what to do', async () => {
    const away = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    expect(await runCli(['status'], away)).toEqual({
      code: 3,
      stdout: '',
      stderr:
        'nothing listens at 127.0.0.1:1; start the database, or check host and port in DATABASE_URL\n',
    });
  });
});
