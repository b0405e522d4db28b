import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedServer } from '../../src/demo/embedded-postgres.js';
import { findServerAccount } from '../../src/demo/postgres-account.js';
import { startKeeper } from '../../src/demo/postgres-keeper.js';
import { findFreePort } from './free-port.js';
import { findDebianPostgres, isInstalled } from './system-servers.js';

/**
 * Starts the PostgreSQL of Debian's packages on 127.0.0.1 in a folder of its own, with pg_cron
 * loaded where that is installed: jobs are those of the database `postgres`, unless `settings`
 * names another as `cron.database_name`. It stops with our process, however that ends.
 */
export async function startDebianPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<EmbeddedServer> {
  const installed = findDebianPostgres();
  if (installed === null) throw new Error('there is no PostgreSQL of Debian here');
  const account = await findServerAccount();
  const folder = await mkdtemp(join(tmpdir(), 'debian-postgres-'));
  if (account) await chown(folder, account.uid, account.gid);

  const port = await findFreePort();
  const password = randomBytes(9).toString('base64url');
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    fsync: 'off',
    timezone: 'UTC',
    ...(isInstalled('pg_cron') && {
      shared_preload_libraries: 'pg_cron',
      'cron.database_name': 'postgres',
      // Its jobs connect as any client does, and only loopback TCP with a password is open.
      'cron.use_background_workers': 'on',
    }),
    ...settings,
  };
  const keeper = startKeeper({
    folder,
    dataFolder: join(folder, 'data'),
    serverArguments: Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    account,
  });
  const stop = async () => {
    await keeper.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await keeper.start(installed.binaries, password);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = (database = 'postgres') =>
    `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
  return { port, password, url, stop };
}
