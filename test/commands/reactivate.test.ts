import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { reactivate } from '../../src/commands/reactivate.js';
import type { ReactivateOptions } from '../../src/commands/reactivate-lines.js';
import { startExporter } from '../refresh/refresh-world.js';
import { startCli } from '../support/process.js';
import { until } from '../support/until.js';
import { capture } from './captured-command.js';
import { startRemedyWorld } from './remedy-world.js';
import type { RemedyWorld } from './remedy-world.js';

let world: RemedyWorld;
const apps: App[] = [];
let lost: string;
let revoked: string;

beforeAll(async () => {
  world = await startRemedyWorld();
});
afterAll(() => world.stop());

beforeEach(async () => {
  [lost = '', revoked = ''] = await world.addTokens(2, '20 hours');
  await world.database.query('UPDATE fathom_integrations SET is_active = false');
  const [row] = await world.database.query<{ refresh_token: string }>(
    'SELECT refresh_token FROM fathom_integrations WHERE id = $1',
    [revoked],
  );
  await world.server.revokeGrant(row?.refresh_token ?? '');
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await world.database.query(
    `DELETE FROM fathom_integrations; DELETE FROM oauth_token_exporter.tokens;
     DELETE FROM oauth_token_exporter.ledger; DELETE FROM oauth_token_exporter.refresh_requests`,
  );
});

const asEnv = (env: NodeJS.ProcessEnv) => env as Record<string, string>;
const activity = () => Promise.all([lost, revoked].map((id) => world.isActive(id)));

async function inProcess(options: Partial<ReactivateOptions>) {
  return capture(world.env, (context) =>
    reactivate(context, {
      selector: { kind: 'falsely_deactivated' },
      provider: null,
      yes: true,
      force: false,
      reason: null,
      json: false,
      accounts: 'masked',
      here: false,
      actor: 'ada',
      patienceMs: 500,
      ...options,
    }),
  );
}

describe('reactivate', () => {
  it('shows which rows were switched off wrongly, and does nothing without --yes', async () => {
    const { code, stdout } = await world.cli('reactivate --falsely-deactivated');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`${lost} .*reactivate +if a refresh proves its grant`));
    expect(stdout).toMatch(/would try 2 of 2\nnothing was changed; to do it: --yes\n$/);
    expect(await activity()).toEqual([false, false]);
  });

  it('switches a row on once a refresh proved its grant, and back off one whose grant is gone', async () => {
    apps.push(await startExporter(world.env));
    const { code, stdout } = await world.cli(
      'reactivate --falsely-deactivated --yes --as ada --reason incident-7',
    );
    expect(stdout).toMatch(new RegExp(`${lost} .*reactivated +proven: expires at 20`));
    expect(stdout).toMatch(new RegExp(`${revoked} .*left inactive +invalid_grant: `));
    expect(code).toBe(1);
    expect(await activity()).toEqual([true, false]);
    expect(await world.ledger(lost)).toEqual([
      'reactivation_tried by ada: incident-7',
      'reactivated_by_hand by ada: incident-7 (proven)',
    ]);
    expect(await world.ledger(revoked)).toEqual([
      'reactivation_tried by ada: incident-7',
      'reactivation_failed by ada: incident-7',
    ]);
    expect(world.server.counts().replays).toBe(0);
  });

  it('proves in its own process with --here, one row that is named', async () => {
    const { code, stdout } = await world.cli(`reactivate --token-id ${lost} --yes --here --json`);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { tokens: unknown[] }).tokens).toMatchObject([
      { token_id: lost, outcome: 'reactivated' },
    ]);
    expect(await activity()).toEqual([true, false]);
    const again = await world.cli(`reactivate --token-id ${lost} --yes --here`);
    expect(again).toMatchObject({ code: 1, stdout: 'there is no such row to switch on\n' });
  });

  it('puts the row back when no exporter takes the request', async () => {
    const { code, stdout } = await inProcess({ selector: { kind: 'token', id: lost } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/left inactive +no running exporter took the request/);
    expect(await activity()).toEqual([false, false]);
  });

  it('proves nothing where no refresh is configured, and switches on only when forced', async () => {
    const off = { REFRESH_MODE: 'off' };
    const user = await world.userOf(lost);
    const left = await world.cli(`reactivate --user-id ${user} --yes`, off);
    expect(left).toMatchObject({ code: 1 });
    expect(left.stdout).toMatch(/leave +no refresh is configured/);
    const forced = await world.cli(`reactivate --user-id ${user} --yes --force`, off);
    expect(forced).toMatchObject({ code: 0 });
    expect(await activity()).toEqual([true, false]);
    expect(await world.ledger(lost)).toEqual([
      expect.stringMatching(/^reactivated_by_hand .*\(forced\)$/),
    ]);
  });

  it('puts the row back when Ctrl-C ends the wait', async () => {
    const cli = startCli(['reactivate', '--token-id', lost, '--yes'], asEnv(world.env));
    await until('its row is on', () => world.isActive(lost));
    const { code, stdout } = await cli.stop('SIGINT');
    expect(code).toBe(1);
    expect(stdout).toMatch(/left inactive/);
    expect(await activity()).toEqual([false, false]);
  });

  it('proves again what a killed process left switched on', async () => {
    const cli = startCli(['reactivate', '--token-id', lost, '--yes'], asEnv(world.env));
    await until('its row is on', () => world.isActive(lost));
    await cli.stop('SIGKILL');
    expect(await activity()).toEqual([true, false]);
    await world.database.query('DELETE FROM oauth_token_exporter.refresh_requests');
    const { stdout } = await world.cli('reactivate --falsely-deactivated');
    expect(stdout).toMatch(new RegExp(`${lost} .*reactivate +if a refresh proves its grant`));
    const { code } = await world.cli(`reactivate --token-id ${lost} --yes --here`);
    expect(code).toBe(0);
    expect((await world.ledger(lost)).at(-1)).toMatch(/^reactivated_by_hand .*\(proven\)$/);
  });

  it('refuses to guess which rows are meant', async () => {
    expect(await world.cli('reactivate --yes')).toMatchObject({ code: 2 });
    expect(await world.cli('reactivate --undo --falsely-deactivated')).toMatchObject({ code: 2 });
  });
});
