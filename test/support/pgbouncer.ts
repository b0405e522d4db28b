import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { findFreePort } from './free-port.js';
import type { TestServer } from './postgres.js';
import { startServer } from './server-process.js';
import { findProgram } from './system-servers.js';

export interface Pgbouncer {
  readonly port: number;
  /** The same URL, of any user and database of the server, through the pooler. */
  through(url: string): string;
  readonly stop: () => Promise<void>;
}

/**
 * Starts pgbouncer in transaction mode before `server`, as a hosted database's pooler works: a
 * client meets another backend in each transaction. `samePort`: where an earlier one listened. Users and passwords are the server's own.
 * Few backends, so that clients really share them.
 */
export async function startPgbouncer(
  server: TestServer,
  samePort?: number,
  backends = 2,
): Promise<Pgbouncer> {
  const program = findProgram('pgbouncer');
  if (program === null) throw new Error('pgbouncer is not installed');
  const target = new URL(server.url());
  const port = samePort ?? (await findFreePort());
  const { stop } = await startServer({
    name: 'pgbouncer',
    unprivileged: true,
    async command(folder) {
      const users = join(folder, 'users.txt');
      const config = join(folder, 'pgbouncer.ini');
      await writeFile(users, `"${target.username}" "${decodeURIComponent(target.password)}"\n`);
      await writeFile(config, configuration(target, port, users, backends));
      return [program, config];
    },
    ready: () => accepts(port),
  });
  return {
    port,
    stop,
    through(url) {
      const pooled = new URL(url);
      pooled.port = String(port);
      return pooled.href;
    },
  };
}

function configuration(target: URL, port: number, users: string, backends: number): string {
  return `[databases]
* = host=${target.hostname} port=${target.port} auth_user=${target.username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename = $1
pool_mode = transaction
default_pool_size = ${backends}
`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const answer = (accepted: boolean) => () => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', answer(true)).once('error', answer(false));
  });
}
