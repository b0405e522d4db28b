import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csvCell } from '../../src/commands/reconnect-format.js';
import { startRemedyWorld } from './remedy-world.js';
import type { RemedyWorld } from './remedy-world.js';

let world: RemedyWorld;
let dead: string;
let deadInactive: string;
let withoutRefreshToken: string;
let expired: string;
let inactiveValid: string;
let healthy: string;

beforeAll(async () => {
  world = await startRemedyWorld();
  [dead = '', deadInactive = '', withoutRefreshToken = '', expired = ''] = await world.addTokens(
    4,
    '-1 hour',
  );
  [inactiveValid = '', healthy = ''] = await world.addTokens(2, '20 hours');
  await world.database.query(
    'UPDATE fathom_integrations SET is_active = false WHERE id = ANY($1)',
    [[deadInactive, inactiveValid]],
  );
  await world.database.query(`UPDATE fathom_integrations SET refresh_token = '' WHERE id = $1`, [
    withoutRefreshToken,
  ]);
  await world.database.query(
    `UPDATE fathom_integrations SET fathom_user_email = 'account@example.com' WHERE id = $1`,
    [dead],
  );
  await world.kill([dead, deadInactive]);
  await world.addProfile(dead, 'ravi.menon@example.com', '=HYPERLINK("x","Ravi"),');
});
afterAll(() => world.stop());

interface Listed {
  readonly token_id: string;
  readonly reason: string;
  readonly app_email: string | null;
  readonly since: string | null;
}

async function listed(args: string): Promise<Listed[]> {
  const { code, stdout, stderr } = await world.cli(`reconnect --json ${args}`.trim());
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return (JSON.parse(stdout) as { reconnects: Listed[] }).reconnects;
}

const reasons = (list: readonly Listed[]) =>
  Object.fromEntries(list.map(({ token_id, reason }) => [token_id, reason]));

describe('reconnect', () => {
  it('lists dead grants, switched off or not, and expired tokens that nothing can refresh', async () => {
    expect(reasons(await listed(''))).toEqual({
      [dead]: 'dead',
      [deadInactive]: 'dead',
      [withoutRefreshToken]: 'no_refresh_token',
    });
  });

  it('lists with --all-expired also the expired, and the rows that are inactive although valid', async () => {
    const list = await listed('--all-expired');
    expect(reasons(list)).toEqual({
      [dead]: 'dead',
      [deadInactive]: 'dead',
      [withoutRefreshToken]: 'no_refresh_token',
      [expired]: 'expired',
      [inactiveValid]: 'inactive_valid',
    });
    expect(reasons(list)).not.toHaveProperty(healthy);
  });

  it('masks addresses unless they are asked for', async () => {
    const { stdout } = await world.cli('reconnect');
    expect(stdout).toMatch(
      /a\*\*\*@e\*\*\*\.com +r\*\*\*@e\*\*\*\.com +dead: invalid_grant, confirmed/,
    );
    expect(stdout).toMatch(/3 must authorize again; --accounts full shows whole addresses\n$/);
    expect((await world.cli('reconnect --accounts full')).stdout).toMatch(
      /account@example\.com +ravi\.menon@example\.com/,
    );
    expect((await world.cli('reconnect --accounts none')).stdout).not.toMatch(/example\.com/);
  });

  it('writes CSV whose cells no spreadsheet runs', async () => {
    const { stdout } = await world.cli('reconnect --csv --accounts full');
    const lines = stdout.split('\r\n');
    expect(lines).toHaveLength(5);
    expect(lines.find((line) => line.includes(dead))).toContain(
      'account@example.com,ravi.menon@example.com,"\'=HYPERLINK(""x"",""Ravi""),",dead,true,',
    );
  });

  it('says what it does not know while there is no memory', async () => {
    const fresh = { STATE_DATABASE_URL: world.database.url.replace(/\/[^/]*$/, '/postgres') };
    await world.database.query(`UPDATE fathom_integrations SET refresh_token = 'r' WHERE id = $1`, [
      withoutRefreshToken,
    ]);
    const { code, stdout, stderr } = await world.cli('reconnect', fresh);
    await world.database.query(`UPDATE fathom_integrations SET refresh_token = '' WHERE id = $1`, [
      withoutRefreshToken,
    ]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/it is not known which grants are dead: .*run migrate/);
  });

  it('refuses two formats, and a provider that is not configured', async () => {
    expect((await world.cli('reconnect --csv --json')).code).toBe(2);
    expect(await world.cli('reconnect --provider fathon')).toMatchObject({ code: 2 });
  });
});

it('reads the people of a configured table, and names the GRANT that is missing', async () => {
  const { code, stdout, stderr } = await world.cli('reconnect', {
    CONFIG_FILE: 'test/commands/fixtures/people-missing.yaml',
  });
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /no address of the application's own: table public\.people does not exist/,
  );
  expect(stdout).toMatch(/3 must authorize again/);
});

describe('a CSV cell', () => {
  it.each([
    ['plain', 'plain'],
    ['', ''],
    [null, ''],
    ['=1+1', `"'=1+1"`],
    ['+49 1', `"'+49 1"`],
    ['-1', `"'-1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['  =1', `"'  =1"`],
    ['＝1', `"'＝1"`],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['\t=1', '\\u{9}=1'],
    ['a\r\n=1', 'a\\u{d}\\u{a}=1'],
  ])('holds %j as %j', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });
});
