import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { RequestHandler } from 'express';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { until } from '../support/until.js';
import { startExporter, startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

const serviceRoleKey = 'a key that must appear nowhere';

let world: RefreshWorld;
let server: Server;
let env: NodeJS.ProcessEnv;
let answer: RequestHandler;
let calls: { authorization: string | undefined; inFlight: number }[] = [];
let inFlight = 0;
const apps: App[] = [];
const lines: string[] = [];

beforeAll(async () => {
  const app = express();
  app.post('/functions/v1/fathom-token-refresh', (request, response, next) => {
    inFlight += 1;
    response.on('close', () => {
      inFlight -= 1;
    });
    calls.push({ authorization: request.headers.authorization, inFlight });
    void answer(request, response, next);
  });
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

beforeEach(async () => {
  world = await startRefreshWorld();
  calls = [];
  lines.length = 0;
  const { port } = server.address() as AddressInfo;
  env = {
    ...world.env,
    FATHOM_CLIENT_ID: undefined,
    FATHOM_CLIENT_SECRET: undefined,
    SUPABASE_URL: `http://127.0.0.1:${String(port)}`,
    SUPABASE_SERVICE_ROLE_KEY: serviceRoleKey,
  };
});

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await world.stop();
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const summary = (refreshed: number, failed: number, needs_reconnect: number) => ({
  success: true,
  summary: { total: 9, refreshed, skipped: 0, failed, needs_reconnect, duration_ms: 1 },
  results: [],
});

function says(
  status: number,
  body: object | string,
  headers: Record<string, string> = {},
): RequestHandler {
  return (_request, response) => {
    response.status(status).set(headers).send(body);
  };
}

/** Refreshes these rows, as the application would. */
async function move(ids: readonly string[]): Promise<void> {
  for (const id of ids) await world.reauthorize(id, '1 day');
}

async function outcomes(event: string): Promise<(string | null)[]> {
  const rows = await world.database.query<{ token_id: string }>(
    'SELECT token_id FROM oauth_token_exporter.ledger WHERE event = $1 ORDER BY id',
    [event],
  );
  return rows.map(({ token_id }) => token_id);
}

async function start(): Promise<void> {
  apps.push(await startExporter(env, lines));
}

/** Waits until an exporter has polled so many more times. */
async function polls(more: number): Promise<void> {
  const read = async () => {
    const text = await (await fetch(`${apps[0]?.url ?? ''}/metrics`)).text();
    return Number(/^oauth_token_exporter_polls_total (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  const goal = (await read()) + more;
  await until('polls go on', async () => (await read()) >= goal, { withinMs: 20_000 });
}

describe('refreshing through an endpoint of the application', () => {
  it('counts what moved as refreshed and the rest as not advanced, whatever the answer says', async () => {
    const ids = await world.addTokens(6, '-1 hour');
    answer = async (_request, response) => {
      await move(ids.slice(0, 4));
      response.json(summary(6, 0, 0));
    };
    await start();
    await until('it was judged', async () => (await outcomes('failed')).length > 0);
    expect((await outcomes('refreshed')).sort()).toEqual(ids.slice(0, 4).sort());
    expect((await outcomes('failed')).sort()).toEqual(ids.slice(4).sort());
    await polls(3);
    expect(await outcomes('foreign_refresh')).toEqual([]);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.authorization).toBe(`Bearer ${serviceRoleKey}`);
    expect(lines.join('\n')).not.toContain(serviceRoleKey);
  });

  it.each<[string, RequestHandler]>([
    ['all failed, and success', says(200, summary(0, 3, 0))],
    ['users must reconnect', says(200, summary(0, 0, 3))],
    ['there are no rows', says(200, { success: true, integrations_processed: 0 })],
    ['a fault', says(500, { success: false })],
    ['a page', says(200, '<html>hello</html>')],
    ['look elsewhere', says(302, '', { location: 'https://example.com/' })],
    [
      'nothing, and hangs up',
      (request) => {
        request.socket.destroy();
      },
    ],
  ])('counts each due row once as not advanced when it says: %s', async (_name, handler) => {
    const ids = await world.addTokens(3, '-1 hour');
    answer = handler;
    await start();
    await until('it was judged', async () => (await outcomes('failed')).length > 0);
    await polls(3);
    expect((await outcomes('failed')).sort()).toEqual(ids.sort());
    const reasons = await world.database.query(
      'SELECT DISTINCT failure_reason FROM oauth_token_exporter.tokens',
    );
    expect(reasons).toEqual([{ failure_reason: 'not_advanced' }]);
    expect(calls).toHaveLength(1);
  });

  it('has one call in flight, however many exporters there are', async () => {
    const ids = await world.addTokens(3, '-1 hour');
    answer = async (_request, response) => {
      await until('both have polled', async () => {
        await polls(2);
        return true;
      });
      await move(ids);
      response.json(summary(3, 0, 0));
    };
    await start();
    env = { ...env, JOURNAL_DIR: `${world.directory}/other` };
    await start();
    await until('it was judged', async () => (await outcomes('refreshed')).length === 3, {
      withinMs: 20_000,
    });
    await polls(3);
    expect(calls).toHaveLength(1);
    expect(await outcomes('foreign_refresh')).toEqual([]);
  });

  it('remembers as its own what moved while the memory was away', async () => {
    const ids = await world.addTokens(3, '-1 hour');
    answer = async (_request, response) => {
      await move(ids);
      await world.database.query('ALTER TABLE oauth_token_exporter.ledger RENAME TO away');
      response.json(summary(3, 0, 0));
    };
    await start();
    await until('it could not be judged', () =>
      lines.join('\n').includes('could not be judged yet'),
    );
    await world.database.query('ALTER TABLE oauth_token_exporter.away RENAME TO ledger');
    await until('it was judged', async () => (await outcomes('refreshed')).length === 3, {
      withinMs: 20_000,
    });
    await polls(2);
    expect(await outcomes('foreign_refresh')).toEqual([]);
  });
});
