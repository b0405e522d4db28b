import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import pg from 'pg';
import { startExporter } from '../refresh/refresh-world.js';
import { createRole } from '../support/postgres.js';
import { startCli } from '../support/process.js';
import { until } from '../support/until.js';
import { startRemedyWorld } from './remedy-world.js';
import type { RemedyWorld } from './remedy-world.js';

let world: RemedyWorld;
beforeAll(async () => {
  world = await startRemedyWorld();
});
afterAll(() => world.stop());

const off = { REFRESH_MODE: 'off' };
let dead: string;
let living: string;
let valid: string;

beforeEach(async () => {
  [dead = '', living = ''] = await world.addTokens(2, '-1 hour');
  [valid = ''] = await world.addTokens(1, '20 hours');
  await world.kill([dead, valid]);
});
afterEach(async () => {
  await world.database.query(
    `DELETE FROM fathom_integrations; DELETE FROM profiles;
     DELETE FROM oauth_token_exporter.tokens; DELETE FROM oauth_token_exporter.ledger`,
  );
});

const activity = () => Promise.all([dead, living, valid].map((id) => world.isActive(id)));

describe('deactivate --expired', () => {
  it('shows what it would do and does nothing, with no --yes and nobody to ask', async () => {
    await world.addProfile(dead, 'ravi.menon@example.com');
    const { code, stdout, stderr } = await world.cli('deactivate --expired');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(`${await world.userOf(dead)} .*r\\*\\*\\*@e\\*\\*\\*\\.com .*deactivate +dead\\n`),
    );
    expect(stdout).toMatch(new RegExp(`${await world.userOf(living)} .*refresh +may live`));
    expect(stdout).not.toContain(await world.userOf(valid));
    expect(stdout).toMatch(
      /would deactivate 1 of 2, try to refresh 1 first\nnothing was changed; to do it: --yes\n$/,
    );
    expect(await activity()).toEqual([true, true, true]);
  });

  it('has the running exporter refresh what lives, and switches off what is proven dead', async () => {
    const app = await startExporter(world.env);
    try {
      const { code, stdout } = await world.cli(
        'deactivate --expired --yes --as ada --reason incident-7',
      );
      expect(code).toBe(0);
      expect(stdout).toMatch(/deactivated 1 of 1\n$/);
      expect(await activity()).toEqual([false, true, true]);
      expect(await world.livingGrants()).toBe(3);
      expect(await world.ledger(dead)).toEqual(['deactivated_by_hand by ada: incident-7 (dead)']);
      await until('it is remembered', async () => {
        const [row] = await world.database.query<{ active: boolean }>(
          'SELECT active FROM oauth_token_exporter.tokens WHERE token_id = $1',
          [dead],
        );
        return row?.active === false;
      });
      const again = await world.cli('deactivate --expired --yes');
      expect(again).toMatchObject({ code: 0, stdout: 'no active token is expired\n' });
      const events = await world.database.query<{ event: string }>(
        'SELECT event FROM oauth_token_exporter.ledger WHERE token_id = $1',
        [dead],
      );
      expect(events.map(({ event }) => event)).not.toContain('deactivated');
    } finally {
      await app.stop();
    }
  });

  it('leaves a first invalid_grant alone, and takes it once it is confirmed', async () => {
    const [row] = await world.database.query<{ refresh_token: string }>(
      'SELECT refresh_token FROM fathom_integrations WHERE id = $1',
      [living],
    );
    await world.server.revokeGrant(row?.refresh_token ?? '');
    const first = await world.cli('deactivate --expired --yes --here');
    expect(first.stdout).toMatch(/leave +invalid_grant once/);
    expect(await activity()).toEqual([false, true, true]);
    await world.database.query(
      `UPDATE oauth_token_exporter.tokens SET suspected_at = suspected_at - interval '60 seconds',
         not_before = NULL WHERE token_id = $1`,
      [living],
    );
    const second = await world.cli('deactivate --expired --yes --here');
    expect(second.stdout).toMatch(/deactivated 1 of 1\n$/);
    expect(await activity()).toEqual([false, false, true]);
    expect(await world.ledger(living)).toEqual([expect.stringMatching(/ \(dead\)$/)]);
  });

  it('refreshes in its own process with --here', async () => {
    const { code, stdout, stderr } = await world.cli('deactivate --expired --yes --here --json');
    expect(code).toBe(0);
    expect(stderr).toMatch(/refreshed 1 of 1/);
    expect((JSON.parse(stdout) as { tokens: unknown[] }).tokens).toMatchObject([
      { token_id: dead, step: 'deactivate', why: 'dead' },
    ]);
    expect(await activity()).toEqual([false, true, true]);
  });

  it('leaves what is not proven dead where nothing can refresh it, unless forced', async () => {
    const { stdout } = await world.cli('deactivate --expired --yes', off);
    expect(stdout).toMatch(/leave +not proven dead: no refresh of it was refused/);
    expect(stdout).toMatch(/deactivated 1 of 2, leave 1 \(--force takes them too\)\n$/);
    expect(await activity()).toEqual([false, true, true]);
    const forced = await world.cli('deactivate --expired --yes --force', off);
    expect(forced.stdout).toMatch(/deactivated 1 of 1\n$/);
    expect(await activity()).toEqual([false, false, true]);
    expect(await world.ledger(living)).toEqual([expect.stringMatching(/ \(forced\)$/)]);
  });

  it('names the GRANT that is missing, changes nothing, and works once it is given', async () => {
    const role = await roleWith('');
    const env = { ...off, DATABASE_URL: role.url };
    const refused = await world.cli('deactivate --expired --yes', env);
    expect(refused.code).toBe(3);
    const grant = `GRANT UPDATE ("is_active") ON "public"."fathom_integrations" TO "${role.name}";`;
    expect(refused.stderr).toContain(`may not write the flag, so nothing was changed; ${grant}`);
    expect(await activity()).toEqual([true, true, true]);
    expect(await world.ledger(dead)).toEqual([]);
    await world.database.query(grant);
    const hidden = await world.cli('deactivate --expired --yes', env);
    expect(hidden.code).toBe(1);
    const [policy = ''] = /CREATE POLICY .*;/.exec(hidden.stderr) ?? [];
    expect(policy).not.toBe('');
    expect(await activity()).toEqual([true, true, true]);
    expect(await world.ledger(dead)).toEqual([]);
    await world.database.query(policy);
    expect(await world.cli('deactivate --expired --yes', env)).toMatchObject({ code: 0 });
    expect(await activity()).toEqual([false, true, true]);
    await world.database.query('DROP POLICY oauth_token_exporter_switch ON fathom_integrations');
  });

  it('rolls all back, and says so, when the database dies half-way', async () => {
    await world.kill([living]);
    await withTrigger('PERFORM pg_terminate_backend(pg_backend_pid());', living, async () => {
      const { code, stderr } = await world.cli('deactivate --expired --yes', off);
      expect(code).toBe(3);
      expect(stderr).toMatch(
        /^nothing was changed, unless the connection broke while .* committed/,
      );
      expect(await activity()).toEqual([true, true, true]);
      expect(await world.ledger(dead)).toEqual([]);
    });
  });

  it('rolls all back when it is interrupted in the middle', async () => {
    const locker = new pg.Client({ connectionString: world.database.url });
    await locker.connect();
    try {
      await locker.query('BEGIN');
      await locker.query('SELECT FROM fathom_integrations WHERE id = $1 FOR UPDATE', [dead]);
      const cli = startCli(['deactivate', '--expired', '--yes'], {
        ...(world.env as Record<string, string>),
        ...off,
      });
      const waitsForRow = async () => {
        const waiting = await world.database.query(
          `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        );
        return waiting.length > 0;
      };
      await until('it waits for the row', waitsForRow, { withinMs: 20_000 });
      const { code } = await cli.stop('SIGINT');
      expect(code).toBe(3);
      await locker.query('COMMIT');
    } finally {
      await locker.end();
    }
    await until('its connection is gone', async () => {
      const left = await world.database.query(
        `SELECT FROM pg_stat_activity WHERE application_name = 'oauth-token-exporter'
         AND datname = current_database()`,
      );
      return left.length === 0;
    });
    expect(await activity()).toEqual([true, true, true]);
    expect(await world.ledger(dead)).toEqual([]);
  });

  it('asks a person on a terminal, and takes only a yes for one', async () => {
    const answer = async (text: string) => onTerminal('deactivate --expired', text);
    expect(await answer('no')).toMatch(/Type yes: .*nothing was changed/s);
    expect(await activity()).toEqual([true, true, true]);
    expect(await answer('yes')).toMatch(/deactivated 1 of 2/);
    expect(await activity()).toEqual([false, true, true]);
  });

  it('switches 10,000 rows off and on again, each in the ledger', async () => {
    await world.database.query(
      `INSERT INTO fathom_integrations (user_id, access_token, refresh_token, token_expires_at)
       SELECT gen_random_uuid(), 'a', 'r', now() - interval '1 day' FROM generate_series(1, 9998)`,
    );
    const many = await world.cli('deactivate --expired --yes --force', off);
    expect({ code: many.code, stderr: many.stderr }).toEqual({ code: 0, stderr: '' });
    expect(many.stdout).toMatch(/deactivated 10000 of 10000\n$/);
    const counted = async () => {
      const [row] = await world.database.query<{ off: number; lines: number }>(
        `SELECT (SELECT count(*)::int FROM fathom_integrations WHERE NOT is_active) AS off,
                (SELECT count(*)::int FROM oauth_token_exporter.ledger WHERE event LIKE '%by_hand') AS lines`,
      );
      return row;
    };
    expect(await counted()).toEqual({ off: 10_000, lines: 10_000 });
    const undone = await world.cli('reactivate --undo --yes', off);
    expect(undone.stdout).toMatch(/reactivated 10000 of 10000\n$/);
    expect(await counted()).toEqual({ off: 0, lines: 20_000 });
    expect((await world.cli('reactivate --undo --yes', off)).stdout).toBe(
      'there is no such row to switch on\n',
    );
  });

  it('refuses a mapping without a flag, and one whose flag stands elsewhere', async () => {
    const noFlag = await world.cli('deactivate --expired', {
      CONFIG_FILE: 'test/commands/fixtures/no-active-flag.yaml',
    });
    expect(noFlag).toMatchObject({ code: 2 });
    expect(noFlag.stderr).toMatch(/no active column is mapped/);
    const joined = await world.cli('deactivate --expired', {
      CONFIG_FILE: 'test/commands/fixtures/joined-active-flag.yaml',
    });
    expect(joined).toMatchObject({ code: 2 });
    expect(joined.stderr).toMatch(/stands in the joined table "org".*switch it in the application/);
  });
});

/** A role that may do what the documents grant an exporter that remembers, and `more`. */
async function roleWith(more: string) {
  const role = await createRole(world.database);
  await world.database.query(
    `GRANT USAGE ON SCHEMA public, oauth_token_exporter TO ${role.name};
     GRANT SELECT (id, user_id, fathom_user_email, token_expires_at, is_active, created_at, refresh_token)
       ON fathom_integrations TO ${role.name};
     GRANT SELECT (id, email, first_name) ON profiles TO ${role.name};
     GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA oauth_token_exporter TO ${role.name};
     CREATE POLICY reader_${role.name} ON fathom_integrations FOR SELECT TO ${role.name} USING (true);
     CREATE POLICY reader_${role.name} ON profiles FOR SELECT TO ${role.name} USING (true);${more}`,
  );
  return role;
}

async function withTrigger(body: string, tokenId: string, work: () => Promise<void>) {
  await world.database.query(
    `CREATE FUNCTION interfere() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} RETURN NEW; END $$;
     CREATE TRIGGER interfere AFTER UPDATE ON fathom_integrations
       FOR EACH ROW WHEN (NEW.id = '${tokenId}') EXECUTE FUNCTION interfere()`,
  );
  try {
    await work();
  } finally {
    await world.database.query('DROP FUNCTION interfere CASCADE');
  }
}

/** Runs a command on a pseudo-terminal, types `answer` when asked, and tells all that it shows. */
function onTerminal(args: string, answer: string): Promise<string> {
  const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
  const child = spawn('script', ['-qec', `${process.execPath} ${main} ${args}`, '/dev/null'], {
    env: { PATH: process.env['PATH'], ...world.env, ...off },
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    if (text.includes('Type yes:')) child.stdin.write(`${answer}\n`);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      resolve(shown);
    });
  });
}
