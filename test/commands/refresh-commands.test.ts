import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { explain } from '../../src/commands/explain.js';
import { refresh } from '../../src/commands/refresh.js';
import type { RefreshOptions } from '../../src/commands/refresh.js';
import { startExporter, startRefreshWorld } from '../refresh/refresh-world.js';
import type { RefreshWorld } from '../refresh/refresh-world.js';
import { runCli } from '../support/process.js';
import { until } from '../support/until.js';
import { capture } from './captured-command.js';

let world: RefreshWorld;
const apps: App[] = [];

beforeEach(async () => {
  world = await startRefreshWorld();
});

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await world.stop();
});

const nothingAsked: RefreshOptions = {
  tokenId: null,
  userId: null,
  due: false,
  provider: null,
  dryRun: false,
  here: false,
  patienceMs: 20_000,
};

const run = (options: Partial<RefreshOptions>, env: NodeJS.ProcessEnv = world.env) =>
  capture(env, (context) => refresh(context, { ...nothingAsked, ...options }));

async function serve(env: NodeJS.ProcessEnv = world.env): Promise<void> {
  apps.push(await startExporter(env));
  const [rows] = await world.database.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM fathom_integrations',
  );
  await until('every token is remembered', async () => {
    const remembered = await world.database.query('SELECT FROM oauth_token_exporter.tokens');
    return remembered.length === rows?.count;
  });
}

async function memoryOf(tokenId: string) {
  const [row] = await world.database.query<{
    failures: number;
    not_before: Date | null;
    dead_since: Date | null;
    refreshed_at: Date | null;
  }>('SELECT * FROM oauth_token_exporter.tokens WHERE token_id = $1', [tokenId]);
  return row;
}

/** Its user revokes it: the authorization server answers invalid_grant from now on. */
async function revoke(tokenId: string): Promise<void> {
  const [row] = await world.database.query<{ refresh_token: string }>(
    'SELECT refresh_token FROM fathom_integrations WHERE id = $1',
    [tokenId],
  );
  await world.server.revokeGrant(row?.refresh_token ?? '');
}

describe('refresh', () => {
  it('has the running exporter refresh a token that is not due', async () => {
    const [id = '', other] = await world.addTokens(2, '23 hours');
    await serve();
    const { code, stdout, stderr } = await run({ tokenId: id });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`fathom +${id} .*refreshed +expires at 20`));
    expect(stdout).toMatch(/refreshed 1 of 1/);
    expect(world.server.counts()).toMatchObject({ refreshes: 1, replays: 0 });
    expect((await memoryOf(other ?? ''))?.refreshed_at).toBeNull();
    expect(await world.livingGrants()).toBe(2);
  });

  it('answers two people who ask for the same tokens at once', async () => {
    const ids = await world.addTokens(20, '23 hours');
    await serve();
    const results = await Promise.all([run({ provider: 'fathom' }), run({ provider: 'fathom' })]);
    expect(results.map(({ stdout }) => stdout.trimEnd().split('\n').at(-1))).toContain(
      'refreshed 20 of 20',
    );
    expect(await world.livingGrants()).toBe(ids.length);
    expect(world.server.counts().replays).toBe(0);
  });

  it('tries a token although it backs off, and goes on backing off when that fails', async () => {
    const [id = ''] = await world.addTokens(1, '-1 hour');
    const remove = world.server.use((context) => {
      context.status = 503;
    });
    await serve();
    const before = await until('it backs off', async () => {
      const memory = await memoryOf(id);
      return memory?.failures === 1 && memory.not_before !== null && memory;
    });
    const failed = await run({ userId: await userOf(id) });
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/failed: server_error/);
    const after = await memoryOf(id);
    expect(after?.failures).toBe(2);
    expect(after?.not_before?.getTime()).toBeGreaterThan(before.not_before?.getTime() ?? 0);
    remove();
    expect((await run({ due: true })).stdout).toMatch(/refreshed 1 of 1/);
    expect((await memoryOf(id))?.failures).toBe(0);
  });

  it('tries a dead grant once when it is named, and leaves it alone in bulk', async () => {
    const [id = ''] = await world.addTokens(1, '-1 hour');
    await revoke(id);
    const env = { ...world.env, INVALID_GRANT_CONFIRM_AFTER: '1s' };
    await serve(env);
    await until('it is dead', async () => (await memoryOf(id))?.dead_since, { withinMs: 20_000 });
    const bulk = await run({ provider: 'fathom' }, env);
    expect(bulk.stdout).toMatch(/left alone/);
    expect(bulk.stdout).toMatch(/dead: the user must authorize again/);
    expect(await run({ due: true }, env)).toMatchObject({ code: 0, stdout: 'nothing is due\n' });
    const { failures = 0 } = (await memoryOf(id)) ?? {};
    const named = await run({ tokenId: id }, env);
    expect(named.code).toBe(1);
    expect(named.stdout).toMatch(/failed: invalid_grant/);
    expect((await memoryOf(id))?.failures).toBe(failures + 1);
  });

  it('tries one token while the provider refuses our client, and spares the others', async () => {
    const ids = await world.addTokens(5, '-1 hour');
    const env = { ...world.env, FATHOM_CLIENT_SECRET: 'wrong'.padEnd(20, '-') };
    await serve(env);
    await until('the provider is paused', async () => {
      const [row] = await world.database.query<{ breaker: { faults?: unknown[] } }>(
        'SELECT breaker FROM oauth_token_exporter.providers',
      );
      return row?.breaker.faults?.length === 1;
    });
    const { code, stdout } = await run({ due: true }, env);
    expect(code).toBe(1);
    expect(stdout.match(/failed: invalid_client/g)).toHaveLength(1);
    expect(stdout.match(/left alone/g)).toHaveLength(4);
    expect(stdout).toMatch(/4 tokens: the provider is paused/);
    const explained = await capture(env, (context) =>
      explain(context, { id: ids[0] ?? '', json: false, accounts: 'masked' }),
    );
    expect(explained.stdout).toMatch(/pause: +configuration: .*invalid_client/);
    expect(explained.stdout).toMatch(/next step: +correct the client's id or secret/);
  });

  it('never refreshes a row that was switched off', async () => {
    const [id = ''] = await world.addTokens(1, '-1 hour');
    await world.database.query('UPDATE fathom_integrations SET is_active = false');
    await serve();
    const { code, stdout } = await run({ tokenId: id });
    expect(code).toBe(1);
    expect(stdout).toMatch(/inactive: switch the row on/);
    expect(world.server.counts().refreshes).toBe(0);
  });

  it('lists with --dry-run what would be refreshed and why, and touches nothing', async () => {
    const [due = ''] = await world.addTokens(1, '-1 hour');
    const [later = ''] = await world.addTokens(1, '23 hours');
    const { code, stdout, stderr } = await run({ due: true, dryRun: true });
    expect(code).toBe(0);
    expect(stderr).toMatch(/no memory yet/);
    expect(stdout).toMatch(new RegExp(`${due} .*yes +due since .*by its expiry`));
    expect(stdout).toMatch(new RegExp(`${later} .*no +due at 20`));
    expect(stdout).toMatch(/would refresh 1 of 2; nothing was touched/);
    expect(world.server.counts().refreshes).toBe(0);
  });

  it('says what to do when no exporter takes the request, and takes it back', async () => {
    const [id = ''] = await world.addTokens(1, '23 hours');
    await serve();
    await apps.pop()?.stop();
    const { code, stderr } = await run({ tokenId: id, patienceMs: 1_000 });
    expect(code).toBe(3);
    expect(stderr).toBe(
      'no running exporter took the request within 1 s; start serve, or use --here\n',
    );
    expect(
      await world.database.query('SELECT FROM oauth_token_exporter.refresh_requests'),
    ).toHaveLength(0);
  });

  it('refuses what is ambiguous, unknown or switched off', async () => {
    await world.addTokens(1, '-1 hour');
    expect((await runCli(['refresh'], world.env as Record<string, string>)).code).toBe(2);
    expect((await run({ tokenId: 'x', due: true })).code).toBe(2);
    expect((await run({ provider: 'fathon' })).stderr).toMatch(/fathom/);
    const shadow = await run({ due: true }, { ...world.env, REFRESH_MODE: 'shadow' });
    expect(shadow).toMatchObject({ code: 2 });
    expect(shadow.stderr).toMatch(/REFRESH_MODE is shadow/);
    await serve();
    expect(await run({ tokenId: 'nobody' })).toMatchObject({ code: 1 });
  });
});

describe('refresh --here', () => {
  it('refreshes in its own process what nobody has remembered yet', async () => {
    const ids = await world.addTokens(3, '-1 hour');
    const { code, stdout, stderr } = await run({ due: true, here: true });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/refreshed 3 of 3/);
    expect(code).toBe(0);
    expect(await world.livingGrants()).toBe(ids.length);
    expect(await run({ due: true, here: true })).toMatchObject({
      code: 0,
      stdout: 'nothing is due\n',
    });
  });

  it('says so when a running exporter holds the journal', async () => {
    const [id = ''] = await world.addTokens(1, '23 hours');
    await serve();
    const { code, stderr } = await run({ tokenId: id, here: true });
    expect(code).toBe(3);
    expect(stderr).toMatch(/is held by process \d+ on .*leave --here out/);
  });
});

async function userOf(tokenId: string): Promise<string> {
  const [row] = await world.database.query<{ user_id: string }>(
    'SELECT user_id FROM fathom_integrations WHERE id = $1',
    [tokenId],
  );
  return row?.user_id ?? '';
}
