import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { runCli } from '../support/process.js';

const table = `CREATE TABLE fathom_integrations (id text PRIMARY KEY, user_id text NOT NULL,
  token_expires_at timestamptz, is_active boolean, refresh_token text)`;

describe('status --calendar', () => {
  let database: TestDatabase;
  let day: string;
  beforeAll(async () => {
    database = await createDatabase(testServer17);
    await database.query(
      `${table}; INSERT INTO fathom_integrations
       SELECT n::text, 'u' || n, date_trunc('day', now() + interval '10 days', 'UTC') + n * interval '1 minute',
              n <> 6, CASE WHEN n <> 5 THEN 'planted-refresh' END
       FROM generate_series(0, 6) AS n`,
    );
    const [row] = await database.query<{ day: string }>(
      `SELECT to_char(now() AT TIME ZONE 'UTC' + interval '10 days', 'YYYY-MM-DD') AS day`,
    );
    day = row!.day;
  });
  afterAll(() => database.drop());
  const run = (...args: string[]) =>
    runCli(['status', '--calendar', ...args], { DATABASE_URL: database.url });

  it('draws what expires when, also where nothing is remembered', async () => {
    const { code, stdout, stderr } = await run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^fathom: 6 of 6 active tokens expire on /m);
    expect(stdout).toMatch(new RegExp(`^${day} [A-Z][a-z]{2}  7  ▒+░+·+$`, 'm'));
    expect(stdout).not.toContain('planted');
  }, 60_000);

  it('is JSON for programs', async () => {
    const { stdout } = await run('--json');
    expect(JSON.parse(stdout)).toMatchObject({
      providers: [
        {
          provider: 'fathom',
          days: [{ day, refreshed: 0, lapses: 1, inactive: 1, unknown: 5 }],
          cohort: { from: day, to: day, tokens: 6, of: 6, refreshed: 0 },
        },
      ],
      unknown: [],
    });
  }, 60_000);

  it('refuses options that choose tokens', async () => {
    const { code, stderr } = await run('--status', 'expired');
    expect(code).toBe(2);
    expect(stderr).toContain("'--calendar' cannot be used with option '--status");
  }, 60_000);

  it('answers "could not find out" when a table can not be read', async () => {
    const empty = await createDatabase(testServer17);
    try {
      const { code, stderr } = await runCli(['status', '--calendar'], { DATABASE_URL: empty.url });
      expect(code).toBe(3);
      expect(stderr).toContain('table public.fathom_integrations does not exist');
    } finally {
      await empty.drop();
    }
  }, 60_000);
});
