import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { backlog } from '../../src/commands/backlog.js';
import type { BacklogOptions } from '../../src/commands/backlog.js';
import { parseSince } from '../../src/commands/backlog-since.js';
import {
  createDatabase,
  createRole,
  testServer17,
  type TestDatabase,
} from '../support/postgres.js';
import { runCli } from '../support/process.js';
import { addBacklog, prepareBacklog } from './backlog-world.js';
import { capture } from './captured-command.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase(testServer17);
});
afterAll(() => database.drop());
beforeEach(() => prepareBacklog(database));

const run = (options: Partial<BacklogOptions> = {}, env: Record<string, string> = {}) =>
  capture({ DATABASE_URL: database.url, ...env }, (context) =>
    backlog(context, {
      since: { agoMs: 3 * 86_400_000 },
      provider: null,
      json: false,
      ...options,
    }),
  );

describe('backlog', () => {
  it('lists per user how many rows lack what, and since when', async () => {
    const [ada = ''] = await addBacklog(database, 1, { meetings: 3 });
    await database.query(
      `UPDATE meetings SET summary = 'short' WHERE ctid = (SELECT min(ctid) FROM meetings)`,
    );
    const [gone = ''] = await addBacklog(database, 1, { active: false });
    const { code, stdout, stderr } = await run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(`fathom +${ada} +3 +3 without transcript_text, 2 without summary .* active`),
    );
    expect(stdout).toMatch(new RegExp(`fathom +${gone} +1 .* inactive`));
    expect(stdout).toMatch(
      /\nfathom, since \S+ \S+: 4 rows of 2 users: 4 without transcript_text, 3 without summary\n$/,
    );
  });

  it('says so where nothing is missing', async () => {
    expect(await run()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^fathom, since \S+ \S+: nothing is missing\n$/) as string,
    });
  });

  it('gives programs the same', async () => {
    const [ada = ''] = await addBacklog(database, 1, { meetings: 2 });
    const { stdout } = await run({ json: true, since: { atMs: Date.parse('2025-11-27') } });
    expect(JSON.parse(stdout)).toMatchObject({
      providers: [
        {
          provider: 'fathom',
          since: '2025-11-27T00:00:00.000Z',
          not_known: [],
          users: [
            {
              user_id: ada,
              rows: 2,
              missing: { transcript_text: 2, summary: 2 },
              tokens: [{ is_active: true }],
              asked_at: null,
            },
          ],
        },
      ],
      unknown: [],
    });
  });

  it('names a column that is gone, counts the rest, and does not call that the whole', async () => {
    await addBacklog(database, 1);
    await database.query('ALTER TABLE meetings DROP transcript_text');
    const { code, stdout, stderr } = await run();
    expect(code).toBe(3);
    expect(stdout).toContain('1 without summary');
    expect(stderr).toBe(
      'fathom: column transcript_text is not there, so it is not known how many rows lack it\n',
    );
  });

  it('prints what a role lacks, and what is in no table', async () => {
    const role = await createRole(database);
    await database.query(`GRANT SELECT ON fathom_integrations TO ${role.name};
      CREATE POLICY monitoring ON fathom_integrations FOR SELECT TO ${role.name} USING (true)`);
    const denied = await run({}, { DATABASE_URL: role.url });
    expect(denied.code).toBe(3);
    expect(denied.stderr).toMatch(
      /may not read .*transcript_text.*; GRANT USAGE .* GRANT SELECT \(owner_user_id, created_at, source_type, transcript_text, summary\) ON public\.meetings/,
    );
    expect(denied.stderr).toMatch(/it is not known what was asked before: /);
    await database.query('DROP TABLE meetings');
    const missing = await run({ json: true });
    expect(missing.code).toBe(3);
    expect(JSON.parse(missing.stdout)).toMatchObject({
      providers: [],
      unknown: [{ provider: 'fathom', reason: 'table public.meetings does not exist' }],
    });
  });

  it('makes what owners are called harmless', async () => {
    await database.query(
      `DROP POLICY own_rows ON meetings; ALTER TABLE meetings ALTER owner_user_id TYPE text,
       ALTER owner_user_id DROP NOT NULL`,
    );
    await database.query('INSERT INTO meetings (owner_user_id) VALUES ($1), (NULL)', [
      '\u001b]0;title\u0007<!channel>\n',
    ]);
    const { stdout } = await run();
    expect(stdout).toContain('\\u{1b}]0;title\\u{7}<!channel>\\u{a}');
    expect(stdout).toMatch(/fathom +\(nobody\) +1 /);
  });

  it('refuses what it can not do', async () => {
    expect(await run({ since: { atMs: Date.parse('2125-01-01') } })).toMatchObject({
      code: 2,
      stderr: '--since lies in the future, by the clock of the database\n',
    });
    expect((await run({ provider: 'fathon' })).stderr).toMatch(/fathom/);
    const missing = await runCli(['backlog'], { DATABASE_URL: database.url });
    expect(missing).toMatchObject({ code: 2 });
    expect(missing.stderr).toMatch(/required option '--since <when>'/);
    const away = await run({}, { DATABASE_URL: 'postgresql://127.0.0.1:1/none?sslmode=disable' });
    expect(away).toMatchObject({ code: 3, stdout: '' });
  });

  it('lists 10,000 users', async () => {
    await addBacklog(database, 10_000);
    const { code, stdout } = await run();
    expect(code).toBe(0);
    expect(stdout.split('\n')).toHaveLength(10_000 + 5);
    expect(stdout).toMatch(/10000 rows of 10000 users: 10000 without transcript_text/);
  });
});

describe('--since', () => {
  it.each([
    ['3d', { agoMs: 3 * 86_400_000 }],
    ['90m', { agoMs: 90 * 60_000 }],
    ['2025-11-27', { atMs: Date.parse('2025-11-27T00:00:00Z') }],
    ['2025-11-27T08:00Z', { atMs: Date.parse('2025-11-27T08:00:00Z') }],
    ['2025-11-27T08:00:00.5+01:00', { atMs: Date.parse('2025-11-27T07:00:00.500Z') }],
  ])('takes %s', (text, since) => {
    expect(parseSince(text)).toEqual(since);
  });

  it.each(['', '3', 'yesterday', '2025-11-27T08:00', '2025-13-01', '2025-02-30', '0d'])(
    'refuses %j, and says how to write it',
    (text) => {
      expect(() => parseSince(text)).toThrow(
        /Write 2025-11-27, 2025-11-27T08:00Z, or how long ago/,
      );
    },
  );
});
