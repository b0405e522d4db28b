import { spawn } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findServerAccount } from '../../src/demo/postgres-account.js';
import { until } from './until.js';

/**
 * Keeps one server for as long as a pipe from our process is open, then ends it and deletes its
 * folder: nothing of a test stays behind, also when the test's process is killed.
 */
const keeper = `
folder=$1
shift
# Our process reads what the server says; the shell's own words could only meet a closed pipe.
exec 3<&0 </dev/null 4>&2 2>/dev/null
"$@" 3<&- 2>&4 4>&- &
server=$!
{ read -r _ <&3; kill "$server"; } 4>&- &
watcher=$!
exec 4>&-
wait "$server"
kill "$watcher"
rm -rf "$folder"
`;

export interface ServerProcess {
  /** What it wrote so far, standard output and errors as they came. */
  readonly output: () => string;
  /** Ends it and deletes its folder. Safe to repeat. */
  readonly stop: () => Promise<void>;
}

export interface ServerCommand {
  /** For messages. */
  readonly name: string;
  /** Program and arguments; the server's own folder is made first, for its files. */
  readonly command: (folder: string) => readonly string[] | Promise<readonly string[]>;
  /** True as soon as the server answers. */
  readonly ready: () => Promise<boolean>;
  /** As root, run it as `postgres` (or `nobody`): some servers refuse root. */
  readonly unprivileged?: boolean;
}

/** Starts a server and answers once it is ready; throws its output when it ends before that. */
export async function startServer(options: ServerCommand): Promise<ServerProcess> {
  const account = options.unprivileged === true ? await findServerAccount() : null;
  const folder = await mkdtemp(join(tmpdir(), `${options.name}-`));
  const command = await options.command(folder);
  if (account) await chown(folder, account.uid, account.gid);

  const child = spawn('/bin/sh', ['-c', keeper, 'sh', folder, ...command], {
    ...(account && { uid: account.uid, gid: account.gid }),
    cwd: '/',
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TMPDIR: folder },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  child.stdin.on('error', () => undefined);
  const gone = new Promise<'gone'>((resolve) => {
    const ended = () => {
      resolve('gone');
    };
    child.once('close', ended);
    child.once('error', ended);
  });
  const stop = async () => {
    child.stdin.end();
    await gone;
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const first = await Promise.race([gone, until(`${options.name} answers`, options.ready)]);
    if (first === 'gone') throw new Error(`${options.name} ended`);
  } catch (error) {
    await stop();
    throw new Error(`${options.name} did not start. Its output:\n${output}`, { cause: error });
  }
  return { output: () => output, stop };
}
