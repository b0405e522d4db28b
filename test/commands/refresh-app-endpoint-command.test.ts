import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { refresh } from '../../src/commands/refresh.js';
import { startExporter, startRefreshWorld } from '../refresh/refresh-world.js';
import type { RefreshWorld } from '../refresh/refresh-world.js';
import { until } from '../support/until.js';
import { capture } from './captured-command.js';

let world: RefreshWorld;
let app: App;
let server: Server;
let env: NodeJS.ProcessEnv;
let moves: readonly string[] = [];
let calls = 0;

beforeEach(async () => {
  world = await startRefreshWorld();
  calls = 0;
  const endpoint = express();
  endpoint.post('/functions/v1/fathom-token-refresh', async (_request, response) => {
    calls += 1;
    for (const id of moves) await world.reauthorize(id, '24 hours');
    response.json({ success: true, integrations_processed: moves.length, results: [] });
  });
  server = endpoint.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  env = {
    ...world.env,
    FATHOM_CLIENT_ID: undefined,
    FATHOM_CLIENT_SECRET: undefined,
    SUPABASE_URL: `http://127.0.0.1:${String(port)}`,
    SUPABASE_SERVICE_ROLE_KEY: 'made up for this test',
  };
});

afterEach(async () => {
  await app.stop();
  server.close();
  server.closeAllConnections();
  await world.stop();
});

describe('refresh, where the application owns the endpoint', () => {
  it('has it called, judges the rows, and does not blame one that is not due', async () => {
    const [moved = '', skipped = ''] = await world.addTokens(2, '23 hours');
    moves = [moved];
    app = await startExporter(env);
    await until('they are remembered', async () => {
      const rows = await world.database.query('SELECT FROM oauth_token_exporter.tokens');
      return rows.length === 2;
    });
    const run = () =>
      capture(env, (context) =>
        refresh(context, {
          tokenId: null,
          userId: null,
          due: false,
          provider: 'fathom',
          dryRun: false,
          here: false,
          patienceMs: 20_000,
        }),
      );
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`${moved} .*refreshed`));
    expect(stdout).toMatch(new RegExp(`${skipped} .*left alone`));
    expect(calls).toBe(1);
    const failed = await world.database.query(
      'SELECT FROM oauth_token_exporter.tokens WHERE failures > 0',
    );
    expect(failed).toHaveLength(0);

    expect((await run()).stdout).toMatch(/has only just ended; try again after /);
    expect(calls).toBe(1);
  });
});
