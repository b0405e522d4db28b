import { spawn } from 'node:child_process';
import type { Account } from './postgres-account.js';

/**
 * The script that owns one server: it runs initdb and the server, and deletes the folder at the end.
 *
 * Arguments: the folder to delete, the data folder, then the server's own. It reads two lines from
 * its input before it starts anything: the folder of the binaries and the superuser's password.
 */
const script = `
folder=$1 data=$2
shift 2
exec 3<&0 </dev/null
trap '[ -z "$watcher" ] || kill "$watcher" 2>/dev/null; rm -rf "$folder"' EXIT
trap 'exit 0' INT TERM HUP
# Nobody may be left to read our messages.
trap '' PIPE
IFS= read -r binaries <&3 && IFS= read -r password <&3 || exit 0
# SIGINT is PostgreSQL's fast shutdown: it ends the connections and stops. 0 is our own group.
{ read -r _ <&3; kill -INT 0; } &
watcher=$!
[ -e "$data/PG_VERSION" ] ||
  printf '%s\\n' "$password" | "$binaries/initdb" --pgdata="$data" --username=postgres \\
    --auth=scram-sha-256 --pwfile=/dev/stdin --encoding=UTF8 --locale=C --no-sync 3<&- || exit
"$binaries/postgres" -D "$data" "$@" 3<&-
`;

export interface KeeperOptions {
  /** Deleted, with all it holds, when the server is gone. */
  readonly folder: string;
  readonly dataFolder: string;
  readonly serverArguments: readonly string[];
  /** null: our own account. */
  readonly account: Account | null;
}

export interface Keeper {
  /** Runs initdb where it is needed, then the server, until that accepts connections. */
  start(binaries: string, password: string): Promise<void>;
  /** Stops the server, or what there is of it, and deletes the folder. Safe to repeat. */
  stop(): Promise<void>;
}

/**
 * Starts the small shell process that keeps one server and its folder.
 *
 * It lives as long as a pipe from our process. When that closes, because `stop()` closed it or
 * because our process is gone for whatever reason (Ctrl-C, `process.exit`, SIGKILL), it shuts the
 * server down and deletes the folder. So our own signals need no hook, and nothing stays behind
 * that a signal handler could not have cleaned up.
 */
export function startKeeper(options: KeeperOptions): Keeper {
  const { folder, dataFolder, serverArguments, account } = options;
  const child = spawn('/bin/sh', ['-c', script, 'sh', folder, dataFolder, ...serverArguments], {
    ...(account && { uid: account.uid, gid: account.gid }),
    cwd: '/',
    // Nothing of ours that could change the server or leak into it (PGOPTIONS, DATABASE_URL).
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TMPDIR: folder },
    // A group of its own: Ctrl-C in a terminal reaches only us, and we decide when the server stops.
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });

  let output = '';
  const ready = new Promise<'ready'>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-2000);
      if (output.includes('ready to accept connections')) resolve('ready');
    });
  });
  const gone = new Promise<'gone'>((resolve) => {
    child.once('close', () => {
      resolve('gone');
    });
    child.once('error', (error) => {
      output += error.message;
      resolve('gone');
    });
  });
  // A write to a keeper that is gone; `gone` tells.
  child.stdin.on('error', () => undefined);

  return {
    async start(binaries, password) {
      child.stdin.write(`${binaries}\n${password}\n`);
      if ((await Promise.race([ready, gone])) === 'gone') {
        throw new Error(`The embedded PostgreSQL did not start. Its last words:\n${output.trim()}`);
      }
    },
    async stop() {
      child.stdin.end();
      await gone;
    },
  };
}
