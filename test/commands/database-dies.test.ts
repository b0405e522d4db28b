import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTcpProxy } from '../e2e/tcp-proxy.js';
import { startCuttableProxy } from '../refresh/cuttable-proxy.js';
import type { CuttableProxy } from '../refresh/cuttable-proxy.js';
import { startSyncEndpoint, synced } from '../remedy/sync-endpoint.js';
import { startMailServer } from '../support/mail-server.js';
import { startCli } from '../support/process.js';
import { until } from '../support/until.js';
import { startRemedyWorld } from './remedy-world.js';
import type { RemedyWorld } from './remedy-world.js';

let world: RemedyWorld;
let proxy: CuttableProxy;
let ids: string[];
beforeEach(async () => {
  world = await startRemedyWorld();
  proxy = await startCuttableProxy(world.database.url);
  ids = await world.addTokens(4, '-1 hour');
});
afterEach(async () => {
  await proxy.stop();
  await world.stop();
});

/** A process takes its time where many run. */
const slowStart = { withinMs: 20_000 };

/** Starts a command that reaches the database through the proxy only. */
const start = (args: string, env: Record<string, string> = {}) =>
  startCli(args.split(' '), {
    ...(world.env as Record<string, string>),
    DATABASE_URL: proxy.url,
    ...env,
  });

describe('a database that dies half-way', () => {
  it('leaves of sync what was answered, and lets the rest be asked for later', async () => {
    const endpoint = await startSyncEndpoint();
    const env = {
      SUPABASE_URL: endpoint.url,
      SUPABASE_SERVICE_ROLE_KEY: 'key',
      REFRESH_MODE: 'off',
    };
    await world.database.query(
      `UPDATE fathom_integrations SET last_sync_at = now() - interval '4 days'`,
    );
    const answers: (() => void)[] = [];
    endpoint.answer = (...call) => answers.push(() => void synced(...call));
    const cli = start('sync --all-stale --yes', env);
    await until('two calls are out', () => answers.length === 2, slowStart);
    proxy.cut();
    endpoint.answer = synced;
    for (const answer of answers) answer();
    const { code, stdout, stderr } = await cli.ended;
    expect(code).toBe(3);
    expect(stderr).toMatch(/not noted in the ledger: .*\n/);
    expect(stderr).toMatch(/it is not known what came of it: .*\n/);
    expect(stdout.match(/success +not known +HTTP 200/g)).toHaveLength(4);
    expect(stdout).toMatch(/synced 0 of 4, by the database; not known of 4\n$/);
    proxy.restore();
    const again = await start('sync --all-stale --json', env).ended;
    expect((JSON.parse(again.stdout) as { syncs: unknown[] }).syncs).toHaveLength(4);
    await endpoint.stop();
  });

  it('leaves nobody of reconnect --notify to be written to twice', async () => {
    const mail = await startMailServer();
    const env = { CONFIG_FILE: 'test/commands/fixtures/mail.yaml', SMTP_URL: mail.url };
    await world.kill(ids);
    for (const [index, id] of ids.entries()) {
      await world.addProfile(id, `user-${String(index)}@example.com`);
    }
    const held = mail.hold();
    const cli = start('reconnect --notify --yes', env);
    await until('three mails are on their way', () => held.waiting() === 3, slowStart);
    proxy.cut();
    held.release();
    const { code, stderr } = await cli.ended;
    expect(code).toBe(3);
    expect(stderr).toMatch(/run it again: nobody is written to twice\n$/);
    proxy.restore();
    expect((await start('reconnect --notify --yes', env).ended).stdout).toMatch(/sent 1\n$/);
    const recipients = mail.received.flatMap(({ to }) => to).sort();
    expect(recipients).toEqual([0, 1, 2, 3].map((index) => `user-${String(index)}@example.com`));
    await mail.stop();
  });

  it('leaves rows of reactivate on, which it says, and which the next run proves', async () => {
    const [id = ''] = ids;
    await world.database.query('UPDATE fathom_integrations SET is_active = false');
    const cli = start(`reactivate --token-id ${id} --yes`);
    await until('its row is on', () => world.isActive(id), slowStart);
    proxy.cut();
    const { code, stdout } = await cli.ended;
    expect(code).toBe(3);
    expect(stdout).toMatch(new RegExp(`${id} .*left switched on`));
    expect(stdout).toMatch(/it could not be switched off again: /);
    expect(await world.isActive(id)).toBe(true);
    proxy.restore();
    await world.database.query('DELETE FROM oauth_token_exporter.refresh_requests');
    const again = await start(`reactivate --token-id ${id} --yes --here`).ended;
    expect(again.code).toBe(0);
    expect((await world.ledger(id)).at(-1)).toMatch(/^reactivated_by_hand .*\(proven\)$/);
  });

  it('lets nobody take an unread list of reconnect for an empty one, and Ctrl-C ends the wait', async () => {
    await world.kill(ids);
    const hanging = await startTcpProxy(world.database.url);
    hanging.hang();
    const cli = start('reconnect', { DATABASE_URL: hanging.through(world.database.url) });
    await until('it waits for an answer', () => hanging.heldBack() > 0, slowStart);
    const { code, stdout } = await cli.stop('SIGINT');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    await hanging.stop();
    proxy.cut();
    const dead = await start('reconnect --json').ended;
    expect(dead).toMatchObject({ code: 3, stdout: '' });
    expect(dead.stderr).not.toBe('');
  });
});
