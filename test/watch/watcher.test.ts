import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { openPool } from '../../src/database/open-pool.js';
import type { Log } from '../../src/log.js';
import { migrate } from '../../src/store/migrate.js';
import { createWatcher } from '../../src/watcher/watcher.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import { configured } from './simulate-watch.js';
import { createWorld, dayMs, startMs } from './simulated-world.js';

it('does not hold a poll up when the watches can not be read', async () => {
  const database = await createDatabase(testServer17);
  onTestFinished(() => database.drop());
  const pool = openPool(
    { connectionString: database.url },
    { connectTimeoutMs: 5_000, onIdleError: () => undefined },
  );
  onTestFinished(() => pool.end());
  await migrate(pool);
  const other = new pg.Client({ connectionString: database.url });
  await other.connect();
  onTestFinished(() => other.end());
  await other.query('BEGIN; LOCK TABLE oauth_token_exporter.watches IN ACCESS EXCLUSIVE MODE');

  const logged: string[] = [];
  const write = (message: string) => logged.push(message);
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const watcher = createWatcher({
    pool,
    pollIntervalMs: 1_000,
    patienceMs: 200,
    configuration: configured(true),
    cron: () => null,
    enqueue: () => Promise.resolve(),
    announce: () => undefined,
    onFigures: () => undefined,
    log,
  });
  const { assessment, previous } = createWorld(1, dayMs).poll(startMs);
  await watcher.watch(assessment, previous);
  // Not the server's own limit for locks, which is longer.
  expect(logged).toEqual([
    'stability watches: a poll could not be added: no answer from the database within 0.2 s',
  ]);
});
