import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { startExporter, startRefreshWorld } from '../refresh/refresh-world.js';
import type { RefreshWorld } from '../refresh/refresh-world.js';
import { until } from '../support/until.js';
import { json, startSyncEndpoint } from './sync-endpoint.js';
import type { SyncEndpoint } from './sync-endpoint.js';

const serviceKey = 'planted-service-key';
let world: RefreshWorld;
let endpoint: SyncEndpoint;
let env: NodeJS.ProcessEnv;
const apps: App[] = [];
const lines: string[] = [];

beforeEach(async () => {
  world = await startRefreshWorld();
  await world.database.query('DELETE FROM cron_job_logs; DELETE FROM fathom_sync_state');
  endpoint = await startSyncEndpoint();
  lines.length = 0;
  env = { ...world.env, SUPABASE_URL: endpoint.url, SUPABASE_SERVICE_ROLE_KEY: serviceKey };
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
  await endpoint.stop();
  await world.stop();
});

const unauthorized = 'Fathom API error: 401';

/** A line of the application's log about the user of one token, or of every one. */
const log = (status: 'success' | 'error', ago: string, message = unauthorized, tokenId = '') =>
  world.database.query(
    `INSERT INTO cron_job_logs (job_name, user_id, status, message, created_at)
     SELECT 'fathom_hourly_sync', user_id, $1, $2, now() - $3::interval
     FROM fathom_integrations WHERE $4 IN ('', id::text)`,
    [status, message, ago, tokenId],
  );

async function start(changes: NodeJS.ProcessEnv = {}): Promise<App> {
  const app = await startExporter({ ...env, ...changes }, lines);
  apps.push(app);
  return app;
}

/** A configuration file that changes the preset. */
async function withFile(changes: string): Promise<NodeJS.ProcessEnv> {
  const file = join(world.directory, 'config.yaml');
  await writeFile(file, `providers:\n  fathom:\n    preset: fathom\n    ${changes}\n`);
  return { CONFIG_FILE: file };
}

const metricsOf = async (app: App) => (await fetch(`${app.url}/metrics`)).text();

/** Waits until an exporter has polled so many more times. */
async function polls(app: App, more: number): Promise<void> {
  const read = async () =>
    Number(/^oauth_token_exporter_polls_total (\d+)$/m.exec(await metricsOf(app))?.[1] ?? 0);
  const goal = (await read()) + more;
  await until('polls go on', async () => (await read()) >= goal, { withinMs: 20_000 });
}

const ledger = (event: string) =>
  world.database.query<{ token_id: string; reason: string; detail: string; actor: string }>(
    `SELECT token_id, reason, detail, actor FROM oauth_token_exporter.ledger
     WHERE event = $1 ORDER BY id`,
    [event],
  );

const refreshed = (count: number) =>
  until('they are refreshed', async () => (await ledger('refreshed')).length === count, {
    withinMs: 20_000,
  });

const retried = (count: number) =>
  until('the syncs are asked for', async () => (await ledger('sync_retried')).length === count, {
    withinMs: 20_000,
  });

describe('a sync that failed for auth, once the token is repaired', () => {
  it('is asked for once, counted, noted, and does not repeat the key', async () => {
    const [id] = await world.addTokens(1, '-1 hour');
    await log('error', '30 minutes');
    const app = await start();
    await retried(1);
    await polls(app, 2);
    const [user] = await world.database.query<{ user_id: string }>(
      'SELECT user_id FROM fathom_integrations',
    );
    expect(endpoint.calls.map(({ path, body }) => ({ path, body }))).toEqual([
      {
        path: '/functions/v1/fathom-sync',
        body: { sync_type: 'incremental', user_id: user?.user_id },
      },
    ]);
    expect(await ledger('sync_retried')).toEqual([
      { token_id: id, reason: 'success', detail: 'HTTP 200: stored 2 of 2', actor: 'retry' },
    ]);
    const text = await metricsOf(app);
    expect(text).toContain('oauth_sync_retries_total{provider="fathom",outcome="success"} 1');
    expect(text).toContain('oauth_sync_retries_total{provider="fathom",outcome="failed"} 0');
    expect(text).toContain('oauth_syncs_failing{provider="fathom",reason="auth"} 1');
    await log('success', '0');
    await polls(app, 2);
    expect(await metricsOf(app)).toContain(
      'oauth_syncs_failing{provider="fathom",reason="auth"} 0',
    );
    expect(lines.join('\n')).not.toContain(serviceKey);
  });

  it('is asked for by one of two exporters, and by none that comes later', async () => {
    await world.addTokens(4, '-1 hour');
    await log('error', '30 minutes');
    const others = { JOURNAL_DIR: join(world.directory, 'other') };
    const running = await Promise.all([start(), start(others)]);
    await retried(4);
    for (const app of running) await polls(app, 2);
    await Promise.all(apps.splice(0).map((app) => app.stop()));
    await polls(await start(), 2);
    expect(endpoint.calls).toHaveLength(4);
    expect(new Set(endpoint.calls.map(({ body }) => body.user_id)).size).toBe(4);
  });

  it('is asked for after a restart between the refresh and the call', async () => {
    await world.addTokens(1, '-1 hour');
    await start({ SUPABASE_URL: undefined });
    await refreshed(1);
    await apps.pop()?.stop();
    // The failure lies before the refresh, and nobody has asked yet.
    await log('error', '30 minutes');
    await start();
    await retried(1);
    expect(endpoint.calls).toHaveLength(1);
  });

  it('is not asked for again and again when the repaired token is refused too', async () => {
    await world.addTokens(1, '1 day');
    await log('error', '30 minutes');
    endpoint.answer = async (response, call, request) => {
      await log('error', '0');
      await json(500, { success: false, error: unauthorized })(response, call, request);
    };
    const app = await start(
      await withFile('columns: { expires_at: null }\n    declared_lifetime: null'),
    );
    // Without an expiry only the failure made it due; the new failure makes it due once more.
    await refreshed(2);
    await polls(app, 2);
    expect(endpoint.calls).toHaveLength(1);
    expect(await ledger('sync_retried')).toMatchObject([{ reason: 'failed' }]);
    expect(await ledger('refreshed')).toHaveLength(2);
  });

  it('holds up neither polls nor refreshes, nor the end, when the application hangs', async () => {
    await world.addTokens(3, '-1 hour');
    await log('error', '30 minutes');
    endpoint.answer = () => undefined;
    const app = await start();
    await until('the calls are out', () => endpoint.calls.length === 2, { withinMs: 20_000 });
    await polls(app, 2);
    const [late] = await world.addTokens(1, '-1 hour');
    await until(
      'a later token is refreshed',
      async () => (await ledger('refreshed')).some(({ token_id }) => token_id === late),
      { withinMs: 20_000 },
    );
    expect(endpoint.mostInFlight()).toBe(2);
    await apps.pop()?.stop();
    expect(await ledger('sync_retried')).toMatchObject([
      { reason: 'failed' },
      { reason: 'failed' },
    ]);
  });
});

describe('no sync is asked for', () => {
  it('when the last one failed for another reason, or one has succeeded since, or none failed', async () => {
    const [refused = '', limited = '', healed = ''] = await world.addTokens(4, '-1 hour');
    await log('error', '30 minutes', unauthorized, refused);
    await log('error', '30 minutes', 'API error: 429', limited);
    await log('error', '30 minutes', unauthorized, healed);
    await log('success', '20 minutes', '', healed);
    const app = await start();
    await refreshed(4);
    await retried(1);
    await polls(app, 2);
    expect(await ledger('sync_retried')).toMatchObject([{ token_id: refused }]);
    expect(endpoint.calls).toHaveLength(1);
  });

  it('when the configuration says so', async () => {
    await world.addTokens(1, '-1 hour');
    await log('error', '30 minutes');
    const app = await start(await withFile('syncs: { retry_after_repair: false }'));
    await refreshed(1);
    await polls(app, 2);
    expect(endpoint.calls).toHaveLength(0);
    expect(await metricsOf(app)).not.toContain('oauth_sync_retries_total{');
  });

  it('while refreshing is off, whatever was repaired before', async () => {
    await world.addTokens(1, '-1 hour');
    await start({ SUPABASE_URL: undefined });
    await refreshed(1);
    await apps.pop()?.stop();
    await log('error', '30 minutes');
    await polls(await start({ REFRESH_MODE: 'shadow' }), 2);
    expect(endpoint.calls).toHaveLength(0);
  });
});
