import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { describeWith } from '../support/describe-with.js';
import { startPgbouncer } from '../support/pgbouncer.js';
import type { Pgbouncer } from '../support/pgbouncer.js';
import { testServer17 } from '../support/postgres.js';
import { startCli } from '../support/process.js';
import type { RunningCli } from '../support/process.js';
import { until } from '../support/until.js';
import { startCuttableProxy } from './cuttable-proxy.js';
import type { CuttableProxy } from './cuttable-proxy.js';
import { startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

let world: RefreshWorld;
let running: RunningCli[] = [];
const opened: { readonly stop: () => Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(running.map((cli) => cli.stop('SIGKILL')));
  running = [];
  await Promise.all(opened.splice(0).map((each) => each.stop()));
  await world.stop();
});

function start(count: number, databaseUrl: string): void {
  running = Array.from({ length: count }, (_, replica) =>
    startCli(['serve'], {
      ...world.env,
      DATABASE_URL: databaseUrl,
      JOURNAL_DIR: join(world.directory, `journal-${String(replica)}`),
      LOG_LEVEL: 'warn',
    }),
  );
}

/** Waits until all are refreshed and no claim is left. */
function settled(count: number): Promise<unknown> {
  return until(
    'all are refreshed and remembered',
    async () => {
      const [row] = await world.database.query<{ fresh: number; open: number }>(
        `SELECT count(*) FILTER (WHERE token_expires_at > now())::int AS fresh,
                (SELECT count(*)::int FROM oauth_token_exporter.tokens
                 WHERE claimed_by IS NOT NULL) AS open
         FROM fathom_integrations`,
      );
      const isDone = row?.fresh === count && row.open === 0;
      return isDone || Promise.reject(new Error(JSON.stringify(row)));
    },
    { withinMs: 90_000 },
  );
}

/** Once, when the server has answered so many: nobody has heard of the last of them. */
function whenAnswered(count: number, action: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    let answered = 0;
    world.server.use(async (_context, next) => {
      await next();
      answered += 1;
      if (answered === count) action().then(resolve, reject);
    });
  });
}

describe('three exporters whose connections to the database drop with requests out', () => {
  it('lose no grant, and send nothing twice', async () => {
    world = await startRefreshWorld();
    await world.addTokens(40, '-1 hour');
    const proxy: CuttableProxy = await startCuttableProxy(world.database.url);
    opened.push(proxy);
    const cut = [10, 25].map((count) =>
      whenAnswered(count, async () => {
        proxy.cut();
        const before = running.map((cli) => cli.stderr().length);
        await until(
          'somebody has noticed',
          () => running.some((cli, n) => cli.stderr().length > (before[n] ?? 0)),
          { withinMs: 30_000 },
        );
        proxy.restore();
      }),
    );
    start(3, proxy.url);
    await Promise.all(cut);
    await settled(40);
    expect(world.server.counts()).toEqual({ refreshes: 40, replays: 0, revokedByReplay: 0 });
    expect(await world.livingGrants()).toBe(40);
  }, 150_000);
});

describeWith('pgbouncer', 'a pooler that is restarted', () => {
  it('costs no grant while two exporters refresh', async () => {
    world = await startRefreshWorld();
    await world.addTokens(40, '-1 hour');
    let pooler: Pgbouncer = await startPgbouncer(testServer17);
    const proxy = await startCuttableProxy(pooler.through(world.database.url));
    opened.push(proxy, { stop: () => pooler.stop() });
    const restarted = whenAnswered(12, async () => {
      proxy.cut();
      await pooler.stop();
      pooler = await startPgbouncer(testServer17, pooler.port);
      proxy.restore();
    });
    start(2, proxy.url);
    await restarted;
    await settled(40);
    expect(world.server.counts()).toEqual({ refreshes: 40, replays: 0, revokedByReplay: 0 });
    expect(await world.livingGrants()).toBe(40);
  }, 150_000);
});

describe('a cohort that expires within one second', () => {
  it('is refreshed by two exporters within the rate, and before it expires', async () => {
    world = await startRefreshWorld();
    await world.addTokens(150, '30 minutes');
    // 24 h tokens with half an hour left are all due at once.
    const startedAtMs = performance.now();
    let lastAtMs = startedAtMs;
    world.server.use(async (_context, next) => {
      lastAtMs = performance.now();
      await next();
    });
    world = { ...world, env: { ...world.env, FATHOM_RATE_LIMIT: '20/s' } };
    start(2, world.database.url);
    await until(
      'all are refreshed',
      async () => {
        const [row] = await world.database.query<{ count: number }>(
          `SELECT count(*)::int AS count FROM fathom_integrations
           WHERE token_expires_at > now() + interval '20 hours'`,
        );
        return row?.count === 150 || Promise.reject(new Error(String(row?.count)));
      },
      { withinMs: 90_000 },
    );
    // A burst of a second's worth, then the rate. A busy machine only makes it longer.
    expect(lastAtMs - startedAtMs).toBeGreaterThan(((150 - 2 * 20) / 20) * 1_000);
    expect(world.server.counts()).toEqual({ refreshes: 150, replays: 0, revokedByReplay: 0 });
    expect(await world.livingGrants()).toBe(150);
  }, 150_000);
});

describe('a row whose expiry is NULL', () => {
  it('is refreshed by the declared lifetime, and has an expiry then', async () => {
    world = await startRefreshWorld();
    await world.database.query(
      'ALTER TABLE fathom_integrations ALTER token_expires_at DROP NOT NULL',
    );
    const [id = ''] = await world.addTokens(1, '-1 hour');
    await world.addTokens(1, '23 hours');
    await world.database.query(
      'UPDATE fathom_integrations SET token_expires_at = NULL WHERE id = $1',
      [id],
    );
    start(1, world.database.url);
    await until('it is remembered', async () => {
      const rows = await world.database.query(
        `UPDATE oauth_token_exporter.tokens SET refreshed_at = now() - interval '2 days'
         WHERE token_id = $1 RETURNING token_id`,
        [id],
      );
      return rows.length === 1;
    });
    await settled(2);
    expect(world.server.counts()).toEqual({ refreshes: 1, replays: 0, revokedByReplay: 0 });
    expect(await world.livingGrants()).toBe(2);
  }, 60_000);
});
