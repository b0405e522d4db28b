import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findTokenChanges } from '../../src/assess/token-changes.js';
import { planConnections } from '../../src/database/plan-connections.js';
import { openPool } from '../../src/database/open-pool.js';
import { writeTransaction } from '../../src/database/write-transaction.js';
import { observeRows } from '../../src/observe/observe-rows.js';
import { createAppEndpointRefresher } from '../../src/refresh/app-endpoint-refresher.js';
import { openConnections } from '../../src/refresh/bounded-request.js';
import { claimAppCall, releaseAppCall } from '../../src/store/app-call.js';
import { migrate } from '../../src/store/migrate.js';
import { rememberRows } from '../../src/store/remember-rows.js';
import { until } from '../support/until.js';
import { configOf, startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

const serviceRoleKey = 'a key that must appear nowhere';
const limits = { slowAfterMs: 50, deadlineMs: 300, maxBodyBytes: 1024 };

let world: RefreshWorld;
let pool: pg.Pool;
let server: Server;
let behave: RequestListener;
let ids: string[];
const connections = openConnections();

beforeAll(async () => {
  world = await startRefreshWorld();
  ids = await world.addTokens(2, '-1 hour');
  pool = openPool(
    { connectionString: world.database.url },
    { connectTimeoutMs: 5_000, onIdleError: () => undefined },
  );
  await migrate(pool);
  server = createServer((request, response) => {
    behave(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

beforeEach(async () => {
  await world.database.query(
    'TRUNCATE oauth_token_exporter.tokens, oauth_token_exporter.ledger, oauth_token_exporter.providers',
  );
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await connections.close();
  await pool.end();
  await world.stop();
});

/** One call of the endpoint for all due rows; tells what the listener heard. */
async function callOnce() {
  const { port } = server.address() as AddressInfo;
  const config = configOf({
    ...world.env,
    FATHOM_CLIENT_ID: undefined,
    FATHOM_CLIENT_SECRET: undefined,
    SUPABASE_URL: `http://127.0.0.1:${String(port)}`,
    SUPABASE_SERVICE_ROLE_KEY: serviceRoleKey,
  });
  const [provider] = config.providers;
  const way = provider?.refresh?.way;
  const planned = planConnections(config);
  if (provider?.refresh == null || way?.kind !== 'app_endpoint' || !planned.ok) {
    throw new Error('no way');
  }
  const database = { pool, target: planned.plans.state.target, timeoutMs: 5_000 };
  const { rows, now } = await observeRows(database, provider);
  await rememberRows(pool, provider.name, now, (memory) => findTokenChanges(memory, rows, now));
  const heard = {
    calls: [] as (string | null)[],
    details: [] as string[],
    outcomes: [] as string[],
    troubles: [] as string[],
  };
  const refresher = createAppEndpointRefresher({
    provider: provider.name,
    endpoint: way,
    rateLimit: provider.refresh.rateLimit,
    limits,
    statePool: pool,
    owner: randomUUID(),
    connections,
    readRows: () => observeRows(database, provider),
    random: () => 1,
    monotonicMs: () => performance.now(),
    listener: {
      onSent: () => undefined,
      onOutcome: (_tokenId, outcome) => heard.outcomes.push(outcome.kind),
      onAppCall: (_claimed, failure, detail) => {
        heard.calls.push(failure);
        heard.details.push(detail);
      },
      onHealthChange: () => undefined,
      onAmbiguousRequest: () => undefined,
      onTrouble: (message) => heard.troubles.push(message),
    },
    onPassedOver: () => undefined,
  });
  const due = rows.map(({ id }) => ({
    tokenId: id,
    dueAtMs: 0,
    expiresAtMs: 0,
    refreshedAtMs: null,
    failedLastTime: false,
  }));
  refresher.offer({ observedAt: now, due, candidates: [] });
  await until('it was judged', () => heard.outcomes.length === ids.length);
  await refresher.stop();
  return heard;
}

function say(status: number, body: string, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(status, headers).end(body);
  };
}

const allFailed = JSON.stringify({
  success: true,
  summary: { total: 2, refreshed: 0, skipped: 0, failed: 2, needs_reconnect: 0 },
});
const noRows = JSON.stringify({ success: true, message: 'none', integrations_processed: 0 });

describe("a call of the application's endpoint", () => {
  it.each<[string, RequestListener, string | null, RegExp]>([
    ['is never answered', () => undefined, 'timeout', /no answer within 0\.3 s/],
    [
      'is cut off',
      (request) => {
        request.socket.destroy();
      },
      'network',
      /127\.0\.0\.1/,
    ],
    ['is answered with 500', say(500, '{"success":false}'), 'server_error', /HTTP 500/],
    ['is answered with a page', say(200, '<html>'), 'unparseable_response', /not JSON/],
    [
      'is redirected',
      say(302, '', { location: 'https://elsewhere.example/' }),
      'unparseable_response',
      /a redirect to elsewhere\.example/,
    ],
    ['is answered at length', say(200, 'x'.repeat(2048)), 'unparseable_response', /1024 bytes/],
    ['finds no rows', say(200, noRows), null, /the expiry did not move/],
    ['fails for all, with success', say(200, allFailed), null, /the expiry did not move/],
  ])('that %s is heard of, and each due row counts once', async (_name, listener, why, detail) => {
    behave = listener;
    const { calls, details, outcomes } = await callOnce();
    expect(calls).toEqual([why]);
    expect(outcomes).toEqual(['failed', 'failed']);
    const ledger = await world.database.query<{ reason: string; detail: string }>(
      `SELECT reason, detail FROM oauth_token_exporter.ledger WHERE event = 'failed'`,
    );
    expect(ledger.map(({ reason }) => reason)).toEqual(['not_advanced', 'not_advanced']);
    for (const line of ledger) {
      expect(line.detail).toMatch(detail);
      if (why !== null) expect(line.detail.startsWith(`${why}: `)).toBe(true);
    }
    expect(JSON.stringify([details, ledger])).not.toContain(serviceRoleKey);
  });

  it('that is slow is said to be slow, and awaited', async () => {
    behave = (request) => {
      request.socket.on('error', () => undefined);
    };
    const { troubles } = await callOnce();
    expect(troubles).toEqual(['the refresh endpoint is slow: its answer is still waited for']);
  });
});

describe('the time between two calls', () => {
  const claim = (isForced: boolean) => claimAppCall(pool, 'fathom', randomUUID(), isForced);
  const endedAgo = (interval: string) =>
    world.database.query(
      'UPDATE oauth_token_exporter.providers SET claimed_at = now() - $1::interval',
      [interval],
    );

  async function callAndFail(failures: number, waitMs: number): Promise<void> {
    const owner = randomUUID();
    expect(await claimAppCall(pool, 'fathom', owner, false)).toEqual({
      kind: 'claimed',
      failures: 0,
    });
    expect(await claim(true)).toEqual({ kind: 'under_way' });
    await writeTransaction(pool, (query) =>
      releaseAppCall(query, 'fathom', owner, { failures, waitMs }),
    );
  }

  it('is a minute, for a person too', async () => {
    await callAndFail(0, 0);
    for (const isForced of [false, true]) {
      expect(await claim(isForced)).toMatchObject({ kind: 'too_recent' });
    }
    await endedAgo('59 seconds');
    expect(await claim(true)).toMatchObject({ kind: 'too_recent' });
    await endedAgo('60 seconds');
    expect(await claim(false)).toMatchObject({ kind: 'claimed', failures: 0 });
  });

  it('is longer after failures, but not for a person', async () => {
    await callAndFail(3, 600_000);
    expect(await claim(false)).toMatchObject({ kind: 'too_recent' });
    await endedAgo('61 seconds');
    const refused = await claim(false);
    expect(refused.kind).toBe('backing_off');
    expect(await claim(true)).toEqual({ kind: 'claimed', failures: 3 });
  });
});
