import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assess, nothingKnown } from '../../src/assess/assess.js';
import { nothingRemembered } from '../../src/assess/memories.js';
import { configuredSources } from '../../src/observe/observe.js';
import type { Observation } from '../../src/observe/observe.js';
import { describeWith } from '../support/describe-with.js';
import { startPgbouncer, type Pgbouncer } from '../support/pgbouncer.js';
import {
  createDatabase,
  createRole,
  testServer17,
  type TestDatabase,
} from '../support/postgres.js';
import { createPoller, type Poller } from './poller.js';
import { loadReferenceRows } from './reference-rows.js';

/** What a transaction of ours sets, and what a client without a word of its own must not meet. */
const settings = `SELECT pg_backend_pid() AS backend,
  current_setting('statement_timeout') AS statement_timeout,
  current_setting('lock_timeout') AS lock_timeout,
  current_setting('idle_in_transaction_session_timeout') AS idle_timeout,
  current_setting('TimeZone') AS time_zone,
  current_setting('transaction_read_only') AS read_only,
  current_setting('transaction_isolation') AS isolation`;

describeWith('pgbouncer', 'through pgbouncer in transaction mode', () => {
  let database: TestDatabase;
  let pooler: Pgbouncer;
  let pollers: Poller[];
  beforeAll(async () => {
    database = await createDatabase(testServer17);
    await loadReferenceRows(database);
    await database.query(`ALTER DATABASE ${database.name} SET TimeZone = 'Asia/Kolkata'`);
    pooler = await startPgbouncer(testServer17);
    const options = { timeoutMs: 20_000, connectTimeoutMs: 20_000 };
    pollers = [1, 2, 3].map(() => createPoller(pooler.through(database.url), options));
  });
  afterAll(async () => {
    await Promise.all(pollers.map((poller) => poller.close()));
    await pooler.stop();
    await database.drop();
  });

  const assessed = (observation: Observation) => {
    const { config } = pollers[0]!;
    const { providers, complete } = assess(
      { ok: true, observation },
      nothingRemembered,
      nothingKnown,
      {
        ...config,
        sources: configuredSources(config),
      },
    );
    return { complete, fathom: providers.get('fathom') };
  };

  /** Two transactions at once: every backend that the pooler keeps. */
  async function settingsOfEveryBackend() {
    const clients = [1, 2].map(
      () => new pg.Client({ connectionString: pooler.through(database.url) }),
    );
    for (const client of clients) await client.connect();
    await Promise.all(clients.map((client) => client.query('BEGIN')));
    const seen = [];
    for (const client of clients) {
      seen.push((await client.query<Record<string, unknown>>(settings)).rows[0]!);
    }
    for (const client of clients) {
      await client.query('COMMIT');
      await client.end();
    }
    expect(new Set(seen.map(({ backend }) => backend)).size).toBe(2);
    return seen.map(({ backend: _, ...rest }) => rest);
  }

  it('many observations at once see what one sees without it', async () => {
    const direct = createPoller(database.url);
    const expected = assessed(await direct.observe());
    await direct.close();
    expect(expected).toMatchObject({ complete: true, fathom: { tokens: { total: 3 } } });

    const seen = await Promise.all(
      Array.from({ length: 18 }, (_, index) => pollers[index % 3]!.observe()),
    );
    for (const observation of seen) {
      const { complete, fathom } = assessed(observation);
      expect(complete).toBe(true);
      // A lag is measured from now, which each transaction has its own of.
      expect({ ...fathom, syncs: { ...fathom?.syncs, maxLagMs: null } }).toEqual({
        ...expected.fathom,
        syncs: { ...expected.fathom?.syncs, maxLagMs: null },
      });
    }
  });

  it('leaves no setting behind for the other clients, also after a failure', async () => {
    const untouched = await settingsOfEveryBackend();
    expect(untouched[0]).toMatchObject({ statement_timeout: '0', time_zone: 'Asia/Kolkata' });

    await Promise.all(pollers.map((poller) => poller.observe()));
    await database.query('ALTER TABLE fathom_integrations RENAME COLUMN id TO was_id');
    await pollers[0]!.observe();
    await database.query('ALTER TABLE fathom_integrations RENAME COLUMN was_id TO id');

    expect(await settingsOfEveryBackend()).toEqual(untouched);
  });

  it('would notice a setting that is left behind', async () => {
    const careless = new pg.Client({ connectionString: pooler.through(database.url) });
    await careless.connect();
    await careless.query(`SET statement_timeout = '1234ms'`);
    const left = await settingsOfEveryBackend();
    expect(left.map((each) => each['statement_timeout'])).toContain('1234ms');

    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    await careless.end().catch(() => undefined);
  });

  it('a wrong password and an unknown database are told apart from a database that is away', async () => {
    const role = await createRole(database);
    const wrong = new URL(pooler.through(role.url));
    wrong.password = 'planted-and-wrong';
    const poller = createPoller(wrong.href);
    const { databaseFailure } = await poller.poll();
    await poller.close();
    expect(databaseFailure).toMatchObject({ reason: 'authentication' });
    expect(JSON.stringify(databaseFailure)).not.toContain('planted');

    const nowhere = new URL(pooler.through(database.url));
    nowhere.pathname = 'no_such_database';
    const lost = createPoller(nowhere.href);
    expect((await lost.poll()).databaseFailure).toMatchObject({ reason: 'authentication' });
    await lost.close();
  });
});
