import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedPostgres } from '../../src/demo/embedded-postgres.js';
import { findFreePort } from '../support/free-port.js';
import {
  createDatabase,
  createRole,
  testServer17,
  type TestDatabase,
} from '../support/postgres.js';
import { changeUrl, connect } from './connect.js';
import { collectUnhandled } from './unhandled.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase(testServer17);
});
afterAll(() => database.drop());

const planted = 'planted-and-wrong';

/** What a failed connection says, which never holds a password. */
async function failureOf(url: string, timeoutMs = 2_000) {
  const failure = await connect(url, { timeoutMs });
  expect(JSON.stringify(failure)).not.toContain(planted);
  expect(JSON.stringify(failure)).not.toContain(new URL(url).password || planted);
  return failure;
}

describe('a database that can not be used', () => {
  it('because nothing listens', async () => {
    const port = await findFreePort();
    expect(await failureOf(`postgres://u:${planted}@127.0.0.1:${port}/app`)).toEqual({
      reason: 'unreachable',
      message: `nothing listens at 127.0.0.1:${port}`,
      remedy: 'start the database, or check host and port in DATABASE_URL',
    });
    expect(await failureOf(`postgres://u:${planted}@localhost:${port}/app`)).toMatchObject({
      message: `nothing listens at localhost:${port}`,
    });
  });

  it('because its socket is not there', async () => {
    const url = `postgres://u:${planted}@%2Fno%2Fsuch%2Ffolder/app`;
    expect(await connect(url)).toMatchObject({
      reason: 'unreachable',
      message: 'nothing listens at /no/such/folder:5432',
    });
  });

  it('because its host has no address', async () => {
    const url = `postgres://u:${planted}@no-such-host.invalid/app?sslmode=disable`;
    expect(await failureOf(url)).toEqual({
      reason: 'unreachable',
      message: 'the host name no-such-host.invalid has no address here',
      remedy: 'check the host in DATABASE_URL and the DNS of this machine',
    });
  });

  it('because the password is wrong', async () => {
    const url = new URL(database.url);
    url.password = planted;
    expect(await failureOf(url.href)).toEqual({
      reason: 'authentication',
      message: `${url.host} refused the user "postgres"`,
      remedy:
        'check user and password in DATABASE_URL (special characters must be percent-encoded), and pg_hba.conf',
    });
  });

  it('because there is no password', async () => {
    // The driver leaves such a connection open, and a server of the other tests would wait for it
    // before it drops a database.
    const own = await startEmbeddedPostgres({ settings: { authentication_timeout: '1s' } });
    const url = new URL(own.url());
    url.password = '';
    expect(await failureOf(url.href)).toEqual({
      reason: 'authentication',
      message: `${url.host} wants a password and DATABASE_URL has none`,
      remedy: 'put the password into DATABASE_URL, or the whole URL into DATABASE_URL_FILE',
    });
    await own.stop();
  });

  it('because the server has no such database', async () => {
    const url = new URL(testServer17.url('no_such_database'));
    expect(await failureOf(url.href)).toEqual({
      reason: 'authentication',
      message: `${url.host} has no database "no_such_database"`,
      remedy: 'check the last part of DATABASE_URL (Supabase: /postgres)',
    });
  });

  it('because it has no connection left', async () => {
    const role = await createRole(database, 'CONNECTION LIMIT 0');
    expect(await failureOf(role.url)).toMatchObject({
      reason: 'unreachable',
      message: `${new URL(role.url).host} has no connection left`,
    });
  });
});

describe('a server that is no database', () => {
  let server: Server;
  let url: string;
  afterAll(() => server.close());
  const listen = async (onConnection: Parameters<typeof createServer>[1]) => {
    server = createServer({}, onConnection).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `postgres://u:${planted}@127.0.0.1:${(server.address() as AddressInfo).port}/app`;
  };

  it.each(['disable', 'require'])(
    'but accepts and never answers is given up in time (sslmode=%s)',
    async (sslmode) => {
      await listen((socket) => socket.on('error', () => undefined));
      const unhandled = collectUnhandled();
      const startedAt = performance.now();
      expect(await failureOf(changeUrl(url, { sslmode }), 500)).toMatchObject({
        reason: 'timeout',
        message: `${new URL(url).host} did not answer in time`,
      });
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      unhandled.stop();
      expect(unhandled.seen).toEqual([]);
    },
  );

  it('but hangs up at once is unreachable', async () => {
    await listen((socket) => socket.destroy());
    expect(await failureOf(url)).toMatchObject({ reason: 'unreachable' });
    expect(await failureOf(changeUrl(url, { sslmode: 'require' }))).toMatchObject({
      reason: 'unreachable',
    });
  });
});
