import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { explain } from '../../src/commands/explain.js';
import { status } from '../../src/commands/status.js';
import { capture } from '../commands/captured-command.js';
import { until } from '../support/until.js';
import { startExporter, startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

let world: RefreshWorld;
let app: App | null = null;
let lines: string[];

beforeEach(async () => {
  world = await startRefreshWorld();
  lines = [];
});

afterEach(async () => {
  await app?.stop();
  await world.stop();
});

const counter = async (name: string): Promise<number | null> => {
  const text = await (await fetch(`${app?.url ?? ''}/metrics`)).text();
  const value = new RegExp(`^${name}(?:{provider="fathom"})? (\\d+)$`, 'm').exec(text)?.[1];
  return value === undefined ? null : Number(value);
};

/** Starts an exporter in shadow mode and waits until it has polled often enough to have acted. */
async function shadow(env: NodeJS.ProcessEnv): Promise<void> {
  app = await startExporter({ ...env, REFRESH_MODE: 'shadow' }, lines);
  await polls(3);
}

async function polls(count: number): Promise<void> {
  const goal = ((await counter('oauth_token_exporter_polls_total')) ?? 0) + count;
  await until('it polled', async () => {
    return ((await counter('oauth_token_exporter_polls_total')) ?? 0) >= goal;
  });
}

/** Every version of every row of the application: any write makes another. */
const versions = () =>
  world.database.query('SELECT id, xmin::text, ctid::text FROM fathom_integrations ORDER BY id');

describe('shadow mode at a token endpoint', () => {
  it('counts each due token once and touches nothing', async () => {
    await world.addTokens(3, '-1 hour');
    await world.addTokens(2, '20 hours');
    const before = await versions();
    await shadow(world.env);

    expect(await counter('oauth_token_refreshes_shadowed_total')).toBe(3);
    expect(world.server.counts()).toMatchObject({ refreshes: 0, replays: 0 });
    expect(await versions()).toEqual(before);
    expect(await readdir(world.directory)).toEqual([]);
    const claims = await world.database.query(
      'SELECT FROM oauth_token_exporter.tokens WHERE claimed_by IS NOT NULL',
    );
    expect(claims).toEqual([]);
    const told = lines.filter((line) => line.startsWith('shadow: '));
    expect(told[0]).toContain('{"provider":"fathom","due":3,"newlyDue":3}');
    expect(told[1]).toContain('{"provider":"fathom","due":3,"newlyDue":0}');
  });

  it('does not claim that refreshing is its job', async () => {
    await world.addTokens(1, '-1 hour');
    await shadow(world.env);
    expect(await counter('oauth_token_refreshes_total')).toBeNull();
    expect(await counter('oauth_token_refreshes_overdue')).toBeNull();
  });

  it('counts a token again when it is due for another expiry', async () => {
    const [id = ''] = await world.addTokens(1, '-1 hour');
    await shadow(world.env);
    await world.reauthorize(id, '-1 minute');
    await until('it is counted again', async () => {
      return (await counter('oauth_token_refreshes_shadowed_total')) === 2;
    });
    await polls(2);
    expect(await counter('oauth_token_refreshes_shadowed_total')).toBe(2);
  });

  it('is told by status and explain', async () => {
    const [id = ''] = await world.addTokens(1, '-1 hour');
    const env = { ...world.env, REFRESH_MODE: 'shadow' };
    await shadow(world.env);
    const told = await capture(env, (context) =>
      status(context, {
        json: false,
        provider: null,
        status: null,
        failOn: null,
        calendar: false,
        accounts: 'masked',
      }),
    );
    expect(told.stdout).toContain('fathom: the refresh mode is shadow, so nothing is refreshed');
    const explained = await capture(env, (context) =>
      explain(context, { id, json: false, accounts: 'masked' }),
    );
    expect(explained.stdout).toContain('token endpoint, but REFRESH_MODE is shadow');
  });
});

describe('shadow mode at an endpoint of the application', () => {
  it('calls nothing', async () => {
    let calls = 0;
    const server = createServer((_request, response) => {
      calls += 1;
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    await world.addTokens(2, '-1 hour');
    const before = await versions();
    await shadow({
      ...world.env,
      FATHOM_CLIENT_ID: undefined,
      FATHOM_CLIENT_SECRET: undefined,
      SUPABASE_URL: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
      SUPABASE_SERVICE_ROLE_KEY: 'a key',
    });
    server.close();
    expect(calls).toBe(0);
    expect(await counter('oauth_token_refreshes_shadowed_total')).toBe(2);
    expect(await versions()).toEqual(before);
  });
});
