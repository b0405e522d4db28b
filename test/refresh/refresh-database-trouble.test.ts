import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { until } from '../support/until.js';
import { startCuttableProxy } from './cuttable-proxy.js';
import type { CuttableProxy } from './cuttable-proxy.js';
import { startExporter, startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

let world: RefreshWorld;
let proxy: CuttableProxy;
let app: App | null = null;
let lines: string[] = [];

beforeEach(() => {
  lines = [];
});

afterEach(async () => {
  await app?.stop();
  app = null;
  await proxy.stop();
  await world.stop();
});

async function openWorld(accessTokenSeconds?: number): Promise<void> {
  world = await startRefreshWorld(accessTokenSeconds === undefined ? {} : { accessTokenSeconds });
  proxy = await startCuttableProxy(world.database.url);
}

async function allStored(count: number, withinMs: number): Promise<void> {
  await until(
    'all are refreshed and remembered',
    async () => {
      const rows = await world.database.query<{ fresh: number; open: number }>(
        `SELECT count(*) FILTER (WHERE token_expires_at > now())::int AS fresh,
                (SELECT count(*)::int FROM oauth_token_exporter.tokens
                 WHERE claimed_by IS NOT NULL) AS open
         FROM fathom_integrations`,
      );
      const isDone = rows[0]?.fresh === count && rows[0].open === 0;
      return isDone || Promise.reject(new Error(JSON.stringify([rows, lines.slice(-4)])));
    },
    { withinMs },
  );
}

/** Does something once, when the server has answered so many requests but the exporter has not heard. */
function whenAnswered(count: number, action: () => void): void {
  let answered = 0;
  world.server.use(async (_context, next) => {
    await next();
    answered += 1;
    if (answered === count) action();
  });
}

/** The network comes back when the exporter has noticed that it is away. */
async function noticed(pattern: RegExp): Promise<void> {
  await until(`it says ${String(pattern)}`, () => lines.some((line) => pattern.test(line)), {
    withinMs: 60_000,
  });
}

describe('a database in trouble while answers come in', () => {
  it('loses nothing when connections drop between answer and storing', async () => {
    await openWorld();
    await world.addTokens(20, '-1 hour');
    whenAnswered(5, () => {
      proxy.cut();
    });
    app = await startExporter({ ...world.env, DATABASE_URL: proxy.url }, lines);
    await noticed(/could not be stored yet/);
    await noticed(/poll failed|unreachable/);
    proxy.restore();
    await allStored(20, 40_000);
    expect(world.server.counts()).toMatchObject({ refreshes: 20, replays: 0 });
    expect(await world.livingGrants()).toBe(20);
  }, 90_000);

  it('loses nothing when connections fall silent', async () => {
    await openWorld();
    await world.addTokens(10, '-1 hour');
    whenAnswered(3, () => {
      proxy.silence();
    });
    app = await startExporter({ ...world.env, DATABASE_URL: proxy.url }, lines);
    await noticed(/could not be stored yet/);
    proxy.restore();
    await allStored(10, 60_000);
    expect(world.server.counts()).toMatchObject({ refreshes: 10, replays: 0 });
    expect(await world.livingGrants()).toBe(10);
  }, 150_000);

  it('stores what it receives while its memory is away, and remembers it later', async () => {
    await openWorld();
    await world.addTokens(10, '-1 hour');
    whenAnswered(3, () => {
      proxy.cut();
    });
    app = await startExporter({ ...world.env, STATE_DATABASE_URL: proxy.url }, lines);
    await noticed(/could not be remembered yet/);
    proxy.restore();
    await allStored(10, 40_000);
    expect(world.server.counts()).toMatchObject({ refreshes: 10, replays: 0 });
    expect(await world.livingGrants()).toBe(10);
    const foreign = await world.database.query(
      `SELECT FROM oauth_token_exporter.ledger WHERE event = 'foreign_refresh'`,
    );
    expect(foreign).toEqual([]);
  }, 90_000);

  it('loses nothing while its connections are terminated again and again', async () => {
    await openWorld(4);
    await world.addTokens(20, '-1 hour');
    app = await startExporter(world.env, lines);
    let rounds = 0;
    await until(
      'it went on refreshing meanwhile',
      async () => {
        await world.database.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()
             AND application_name LIKE '%exporter%'`,
        );
        rounds += 1;
        return rounds > 20 && world.server.counts().refreshes > 40;
      },
      { withinMs: 60_000, everyMs: 250 },
    );
    await app.stop();
    app = null;
    expect(world.server.counts()).toMatchObject({ replays: 0, revokedByReplay: 0 });
    // What could not be stored before the end is in the journal, for the next start.
    app = await startExporter(world.env, lines);
    await until('all grants live', async () => (await world.livingGrants()) === 20, {
      withinMs: 30_000,
    });
    expect(world.server.counts().replays).toBe(0);
  }, 120_000);
});
