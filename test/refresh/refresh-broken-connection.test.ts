import { afterEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import type { Middleware } from '../../src/demo/authorization-server.js';
import { until } from '../support/until.js';
import { startExporter, startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

let world: RefreshWorld;
let app: App | null = null;
const lines: string[] = [];
let requests = 0;

afterEach(async () => {
  await app?.stop();
  app = null;
  lines.length = 0;
  requests = 0;
  await world.stop();
});

/** One due token, at a server that drops connections as `drop` says. */
async function start(drop: (tokenId: string) => Middleware): Promise<string> {
  world = await startRefreshWorld();
  const [id = ''] = await world.addTokens(1, '-1 hour');
  const middleware = drop(id);
  world.server.use(async (context, next) => {
    requests += 1;
    await middleware(context, next);
  });
  app = await startExporter(world.env, lines);
  return id;
}

function ended(): Promise<unknown> {
  return until('its refresh ended', async () => {
    const rows = await world.database.query<{ event: string; reason: string | null }>(
      `SELECT event, reason FROM oauth_token_exporter.ledger WHERE event <> 'first_seen'`,
    );
    return rows[0];
  });
}

describe('a connection that breaks while a request is out', () => {
  it('is no failure when the request is answered the second time', async () => {
    await start(() => async (context, next) => {
      if (requests === 1) context.req.socket.destroy();
      else await next();
    });
    expect(await ended()).toEqual({ event: 'refreshed', reason: null });
    expect(requests).toBe(2);
    expect(lines.join('\n')).toContain('a request whose answer was never seen is sent again');
    expect(world.server.counts()).toMatchObject({ refreshes: 1, replays: 0 });
  });

  it('is a failure when it breaks again, which waits like any other', async () => {
    await start(() => (context) => {
      context.req.socket.destroy();
    });
    expect(await ended()).toEqual({ event: 'failed', reason: 'network' });
    expect(requests).toBe(2);
  });

  it('is not sent again when the row has another refresh token by then', async () => {
    await start((id) => async (context, next) => {
      if (requests === 1) {
        await world.reauthorize(id, '-1 minute');
        context.req.socket.destroy();
      } else await next();
    });
    await until('what somebody else wrote is used', () => world.server.counts().refreshes === 1, {
      withinMs: 60_000,
    });
    expect(lines.join('\n')).not.toContain('is sent again');
    expect(world.server.counts()).toMatchObject({ refreshes: 1, replays: 0 });
  }, 90_000);
});
