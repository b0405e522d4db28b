import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEmbeddedPostgres } from '../../src/demo/embedded-postgres.js';
import { loadWorld } from '../../src/demo/demo-world.js';
import { startTcpProxy, type TcpProxy } from '../database/tcp-proxy.js';
import { collectUnhandled } from '../database/unhandled.js';
import { describeWith } from '../support/describe-with.js';
import { startPgbouncer } from '../support/pgbouncer.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { until } from '../support/until.js';
import { createPoller, type Poller } from './poller.js';
import { loadReferenceRows } from './reference-rows.js';

let unhandled: ReturnType<typeof collectUnhandled>;
beforeEach(() => {
  unhandled = collectUnhandled();
});
afterEach(() => {
  unhandled.stop();
  expect(unhandled.seen).toEqual([]);
});

/** The last values stay, and everything that was there is down for this reason. */
async function expectOutage(poller: Poller, reason: RegExp) {
  const before = await poller.poll();
  expect(before).toMatchObject({ complete: true, databaseFailure: null });
  return async () => {
    const during = await poller.poll();
    expect(during).toMatchObject({
      complete: false,
      databaseFailure: { reason: expect.stringMatching(reason) as unknown },
    });
    expect(during.providers).toEqual(before.providers);
    expect(during.observedAt).toEqual(before.observedAt);
    for (const source of during.sources.values()) {
      // What this database never had can't be away.
      if (source.up === null) continue;
      expect(source).toMatchObject({ state: 'unreachable', up: false });
    }
  };
}

async function expectRecovery(poller: Poller) {
  const { complete, sources } = await poller.poll();
  const states = new Set([...sources.values()].map(({ state }) => state));
  expect([...states].sort()).toEqual(['absent', 'ok']);
  expect(complete).toBe(true);
}

describe('a database that goes away between two polls', () => {
  it('is found again by the same pool after it stopped and started', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'outage-'));
    const first = await startEmbeddedPostgres({ dataFolder });
    await loadWorld(first.url());
    const poller = createPoller(first.url());
    const poll = await expectOutage(poller, /^unreachable$/);

    await first.stop();
    await poll();
    await poll();
    expect(poller.source('fathom:tokens')?.reason).toBe(
      `nothing listens at 127.0.0.1:${first.port}`,
    );

    const { port, password } = first;
    const again = await startEmbeddedPostgres({ dataFolder, port, password });
    await expectRecovery(poller);
    expect(poller.idleErrors.length).toBeGreaterThan(0);

    await poller.close();
    await again.stop();
    await rm(dataFolder, { recursive: true, force: true });
  });
});

describe('a connection', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let poller: Poller;
  const timeoutMs = 1_500;
  beforeAll(async () => {
    database = await createDatabase(testServer17);
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    await loadReferenceRows(database);
    const direct = new URL(database.url);
    proxy = await startTcpProxy(Number(direct.port));
    direct.port = String(proxy.port);
    poller = createPoller(direct.href, { timeoutMs, connectTimeoutMs: timeoutMs });
  });
  afterEach(async () => {
    await poller.close();
    await proxy.stop();
  });

  const ours = `datname = current_database() AND application_name = 'oauth-token-exporter'`;
  const terminate = () =>
    database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${ours}`);
  /** From now on a poll of the tokens takes as long as a statement may. */
  const slowDown = () =>
    database.query(`ALTER TABLE fathom_integrations RENAME TO base;
      CREATE VIEW fathom_integrations AS SELECT * FROM base WHERE pg_sleep(60) IS NOT NULL`);
  const speedUp = () =>
    database.query(`DROP VIEW fathom_integrations;
      ALTER TABLE base RENAME TO fathom_integrations`);
  const whileReading = () =>
    until('a statement of ours runs', async () => {
      const sleeping = await database.query(
        `SELECT FROM pg_stat_activity WHERE ${ours} AND wait_event = 'PgSleep'`,
      );
      return sleeping.length > 0;
    });

  it('that is terminated while idle is replaced', async () => {
    await poller.poll();
    await terminate();
    await until('the pool heard of it', () => poller.idleErrors.length > 0);
    await expectRecovery(poller);
  });

  it('that is terminated while reading costs one poll', async () => {
    const poll = await expectOutage(poller, /^unreachable$/);
    await slowDown();
    const polled = poll();
    await whileReading();
    await terminate();
    await polled;
    await speedUp();
    await expectRecovery(poller);
  });

  it('that falls silent while reading costs one poll, and no more than its time', async () => {
    const poll = await expectOutage(poller, /^timeout$/);
    await slowDown();
    const startedAt = performance.now();
    const polled = poll();
    await whileReading();
    proxy.fallSilent();
    await polled;
    expect(performance.now() - startedAt).toBeLessThan(timeoutMs + 1_500);

    await speedUp();
    proxy.speakAgain();
    await expectRecovery(poller);
  });

  it('that fell silent while idle costs one poll as well', async () => {
    const poll = await expectOutage(poller, /^timeout$/);
    proxy.fallSilent();
    const startedAt = performance.now();
    await poll();
    expect(performance.now() - startedAt).toBeLessThan(timeoutMs + 1_500);
    await poll();
    proxy.speakAgain();
    await expectRecovery(poller);
  });
});

describeWith('pgbouncer', 'a pooler before a database that is away', () => {
  it('is given up in time, though it accepts connections', async () => {
    const server = await startEmbeddedPostgres();
    await loadWorld(server.url());
    const pooler = await startPgbouncer({ name: 'to be stopped', url: (name) => server.url(name) });
    const timeoutMs = 1_500;
    const poller = createPoller(pooler.through(server.url()), { timeoutMs });
    const poll = await expectOutage(poller, /^(timeout|unreachable)$/);

    await server.stop();
    const startedAt = performance.now();
    await poll();
    expect(performance.now() - startedAt).toBeLessThan(timeoutMs + 2_500);
    await poller.close();
    await pooler.stop();
  });
});
