import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { runCli, runProgram } from '../support/process.js';

const table = `CREATE TABLE fathom_integrations (id text PRIMARY KEY, user_id text NOT NULL,
  fathom_user_email text, token_expires_at timestamptz, is_active boolean, refresh_token text)`;

async function createTable(rows: string): Promise<TestDatabase> {
  const database = await createDatabase(testServer17);
  await database.query(`${table}; INSERT INTO fathom_integrations ${rows}`);
  return database;
}

describe('status, of hostile data', () => {
  const hostile = [
    'evil\u{1b}]0;title\u{7}\u{1b}[2J\u{1b}[31m@example.com',
    'new\nline\r@example.com',
    '\u{202e}moc.elpmaxe@live',
    'zero\u{200b}width\u{2028}\u{feff}@example.com',
    '\u{9b}31m@example.com',
    `${'x'.repeat(10_240)}@example.com`,
    `a${'\u{301}'.repeat(10_240)}@example.com`,
    '面接官@example.com',
    '👩‍👩‍👧‍👦@example.com',
  ];
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTable(
      `SELECT ord::text, 'u' || ord, email, now() - interval '1 h' - ord * interval '1 s', true
       FROM unnest(ARRAY[${hostile.map(sqlLiteral).join()}]) WITH ORDINALITY AS hostile (email, ord)`,
    );
  });
  afterAll(() => database.drop());

  it('prints one line per token, of visible characters only', async () => {
    const { code, stdout } = await runCli(['status', '--accounts', 'full'], {
      DATABASE_URL: database.url,
    });
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2 + hostile.length + 2);
    expect(stdout).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(350);
    expect(stdout).toContain('evil\\u{1b}]0;title\\u{7}\\u{1b}[2J');
    expect(stdout).toContain('\\u{202e}moc.elpmaxe@live');
    expect(code).toBe(0);
  });

  it('gives programs that ask the data as they are', async () => {
    const args = ['status', '--json', '--accounts', 'full'];
    const { stdout } = await runCli(args, { DATABASE_URL: database.url });
    const { tokens } = JSON.parse(stdout) as { tokens: { account: string }[] };
    expect(tokens.map(({ account }) => account).reverse()).toEqual(hostile);
  });

  it('colours for a person who asks, and for nobody else', async () => {
    const run = (env: Record<string, string>) =>
      runCli(['status'], { DATABASE_URL: database.url, ...env });
    const plain = (await run({})).stdout;
    const coloured = (await run({ FORCE_COLOR: '1' })).stdout;
    expect(plain).not.toContain('\u{1b}');
    expect(coloured).toContain('\u{1b}[31mEXPIRED');
    expect(stripVTControlCharacters(coloured).replaceAll(/ +$/gm, '')).toBe(plain);
    for (const env of [
      { NO_COLOR: '1' },
      { NO_COLOR: '1', FORCE_COLOR: '1' },
      { FORCE_COLOR: '0' },
    ]) {
      expect((await run(env)).stdout).toBe(plain);
    }
  });
});

describe('status, of a large table', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTable(
      `SELECT n, gen_random_uuid(), 'user' || n || '@example.com', now() + n * interval '1 min', true
       FROM generate_series(1, 20000) AS n`,
    );
  });
  afterAll(() => database.drop());

  it('prints all of it into a pipe', async () => {
    const { code, stdout } = await runCli(['status'], { DATABASE_URL: database.url });
    expect(stdout.split('\n')).toHaveLength(2 + 20_000 + 3);
    expect(stdout).toMatch(/\n20000 tokens: .*\n$/);
    expect(code).toBe(0);
  });

  it('ends quietly when only the head is wanted', async () => {
    const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
    const pipeline = '{ "$0" "$1" status; echo "exit $?" >&2; } | head -n 1';
    const { stdout, stderr } = await runProgram(
      '/bin/sh',
      ['-c', pipeline, process.execPath, main],
      { env: { PATH: process.env['PATH'] ?? '', DATABASE_URL: database.url } },
    );
    expect(stdout).toMatch(/^user_id +account/);
    expect(stderr).toBe('exit 0\n');
  });
});

/** Every character by its number: none of them means anything to SQL. */
function sqlLiteral(text: string): string {
  const escape = (character: string) =>
    `\\U${character.codePointAt(0)!.toString(16).padStart(8, '0')}`;
  return `E'${Array.from(text, escape).join('')}'`;
}
