import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from '../../src/demo/authorization-server.js';

const servers: AuthorizationServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function start(options: Partial<AuthorizationServerOptions> = {}) {
  const server = await startAuthorizationServer({
    accessTokenSeconds: 60,
    rotate: true,
    ...options,
  });
  servers.push(server);
  return server;
}

interface TokenFields {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly error?: string;
}

async function refresh(server: AuthorizationServer, refreshToken: string) {
  const response = await fetch(server.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: server.clientId,
      client_secret: server.clientSecret,
    }),
  });
  return { status: response.status, fields: (await response.json()) as TokenFields };
}

describe('the authorization server', () => {
  it('rotates: the used refresh token stops being valid, the new one works', async () => {
    const server = await start();
    const { accessToken, refreshToken } = await server.issueGrant('user-1');
    expect(await server.isAccessTokenValid(accessToken)).toBe(true);

    const first = await refresh(server, refreshToken);
    expect(first).toMatchObject({ status: 200, fields: { expires_in: 60 } });
    expect(first.fields.refresh_token).not.toBe(refreshToken);
    expect(await server.isRefreshTokenValid(refreshToken)).toBe(false);
    expect(await server.isRefreshTokenValid(first.fields.refresh_token)).toBe(true);
    expect(await server.isAccessTokenValid(first.fields.access_token)).toBe(true);

    expect(await refresh(server, first.fields.refresh_token)).toMatchObject({ status: 200 });
    expect(server.counts()).toEqual({ refreshes: 2, replays: 0, revokedByReplay: 0 });
  });

  it('detects a replay: invalid_grant, and the newest token of the grant dies too', async () => {
    const server = await start();
    const { refreshToken } = await server.issueGrant('user-1');
    const other = await server.issueGrant('user-1');
    const { fields } = await refresh(server, refreshToken);

    const invalidGrant = { status: 400, fields: { error: 'invalid_grant' } };
    expect(await refresh(server, refreshToken)).toMatchObject(invalidGrant);
    expect(await server.isRefreshTokenValid(fields.refresh_token)).toBe(false);
    expect(await server.isAccessTokenValid(fields.access_token)).toBe(false);
    expect(await refresh(server, fields.refresh_token)).toMatchObject(invalidGrant);
    expect(server.counts()).toEqual({ refreshes: 1, replays: 1, revokedByReplay: 1 });
    expect(await server.isRefreshTokenValid(other.refreshToken)).toBe(true);
  });

  it('revokes the grant when one token is used by two at once', async () => {
    const server = await start();
    const { refreshToken } = await server.issueGrant('user-1');
    const both = await Promise.all([refresh(server, refreshToken), refresh(server, refreshToken)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
    const won = both.find(({ status }) => status === 200)!;
    expect(await server.isRefreshTokenValid(won.fields.refresh_token)).toBe(false);
  });

  it('without rotation gives the same refresh token back', async () => {
    const server = await start({ rotate: false });
    const { refreshToken } = await server.issueGrant('user-1');
    for (let round = 0; round < 3; round += 1) {
      const { fields } = await refresh(server, refreshToken);
      expect(fields.refresh_token).toBe(refreshToken);
    }
    expect(await server.isRefreshTokenValid(refreshToken)).toBe(true);
  });

  it('withdraws a grant by any of its refresh tokens', async () => {
    const server = await start();
    const { refreshToken } = await server.issueGrant('user-1');
    const { fields } = await refresh(server, refreshToken);
    await server.revokeGrant(refreshToken);
    expect(await server.isRefreshTokenValid(fields.refresh_token)).toBe(false);
    expect(await server.isAccessTokenValid(fields.access_token)).toBe(false);
    expect(server.counts()).toMatchObject({ replays: 0, revokedByReplay: 0 });
    await expect(server.revokeGrant(refreshToken)).rejects.toThrow('no grant');
  });

  it('remembers the consumed token of each of thousands of grants', async () => {
    const server = await start();
    const { refreshToken } = await server.issueGrant('the first');
    const { fields } = await refresh(server, refreshToken);
    for (let n = 0; n < 5_000; n += 1) await server.issueGrant(`user-${n}`);
    expect(await server.isRefreshTokenValid(fields.refresh_token)).toBe(true);
    await refresh(server, refreshToken);
    expect(server.counts()).toMatchObject({ replays: 1, revokedByReplay: 1 });
    expect(await server.isRefreshTokenValid(fields.refresh_token)).toBe(false);
  });

  it('runs middlewares from the last added inwards, until they are removed', async () => {
    const server = await start();
    const { refreshToken } = await server.issueGrant('user-1');
    const seen: string[] = [];
    const removeInner = server.use(async (_context, next) => {
      seen.push('inner');
      await next();
    });
    server.use(async (_context, next) => {
      seen.push('outer');
      await next();
    });
    const { fields } = await refresh(server, refreshToken);
    removeInner();
    removeInner();
    await refresh(server, fields.refresh_token);
    expect(seen).toEqual(['outer', 'inner', 'outer']);
  });

  it('stops at once, and twice', async () => {
    const server = await start();
    await server.stop();
    await server.stop();
    await expect(fetch(server.tokenEndpoint)).rejects.toThrow();
  });

  it('prints nothing, whatever Node it runs on', async () => {
    const script = `
      import { startAuthorizationServer } from './src/demo/authorization-server.ts';
      const server = await startAuthorizationServer({ accessTokenSeconds: 60, rotate: true });
      const { refreshToken } = await server.issueGrant('user-1');
      const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken,
        client_id: server.clientId, client_secret: server.clientSecret });
      server.use(async (context, next) => {
        if (context.path === '/fault') throw new Error('a fault');
        await next();
      });
      const statuses = [];
      for (const request of [{ method: 'POST', body }, { method: 'POST', body }, {}]) {
        statuses.push((await fetch(server.tokenEndpoint, request)).status);
      }
      statuses.push((await fetch(new URL('/fault', server.tokenEndpoint))).status);
      await server.stop();
      process.stdout.write(statuses.join(' '));
    `;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', script],
      { cwd: fileURLToPath(new URL('../../', import.meta.url)) },
    );
    const [stdout, stderr] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    expect({ stdout, stderr }).toEqual({ stdout: '200 400 404 500', stderr: '' });
    expect(child.exitCode).toBe(0);
  });
});
