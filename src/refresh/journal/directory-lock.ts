import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { JournalProblem } from './journal-problem.js';

export type LockAttempt =
  | {
      readonly ok: true;
      /** False once the lock's file was deleted: then others can have the directory as well. */
      readonly isThere: () => boolean;
      readonly release: () => void;
    }
  | { readonly ok: false; readonly problem: JournalProblem };

/**
 * Programs that take the lock flock(2) on their file descriptor 3 without waiting. All of them
 * take the same lock. They end with 0: taken, 1: somebody else has it.
 */
const lockPrograms: readonly (readonly [program: string, args: readonly string[]])[] = [
  ['flock', ['-n', '3']],
  [
    'perl',
    [
      '-MFcntl=:flock',
      '-e',
      'open(my $file, "+<&=", 3) or exit 2; exit(flock($file, LOCK_EX|LOCK_NB) ? 0 : $!{EWOULDBLOCK} ? 1 : 2)',
    ],
  ],
];

/**
 * Holds `directory` until `release` or the end of this process, however it ends.
 *
 * Node can't lock files, but a lock of flock(2) belongs to the open file and not to the process
 * that asked for it: flock(1) asks on a file that we opened and have it inherit, ends, and we
 * keep the lock. The kernel lets go of it when we die. Unlike with pid files and sockets there is
 * no stale lock to take over (and so no race for it), and containers that share a volume but
 * neither pids nor network see it as well. We never delete the file: who locks a deleted file
 * locks nothing. Across machines it holds as far as the file system says so (NFS: unless mounted
 * with `nolock` or `local_lock`).
 */
export async function lockDirectory(directory: string): Promise<LockAttempt> {
  const path = join(directory, 'lock');
  // Not a FileHandle: the garbage collector closes those.
  const file = openSync(path, 'a+', 0o600);
  const taken = await takeLock(file);
  if (taken === 'yes') {
    noteHolder(file);
    let released = false;
    return {
      ok: true,
      // A released number may be another file's by now.
      isThere: () => released || fstatSync(file).nlink > 0,
      release: () => {
        released = true;
        closeSync(file);
      },
    };
  }
  closeSync(file);
  return { ok: false, problem: taken === 'no' ? held(path, directory) : noLock(directory, taken) };
}

/** `yes`, `no` (somebody else has it), or why nobody can tell. */
async function takeLock(file: number): Promise<string> {
  const complaints: string[] = [];
  for (const [program, args] of lockPrograms) {
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe', file],
      // Our environment holds secrets. Without PATH the system's own folders are searched.
      env: {},
      timeout: 10_000,
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
    try {
      const [code] = (await once(child, 'close')) as [number | null];
      if (code === 0) return 'yes';
      if (code === 1) return 'no';
      complaints.push(`${program}: ${said.trim() || 'no answer'}`);
    } catch (error) {
      complaints.push(error instanceof Error ? error.message : program);
    }
  }
  return complaints.join('; ');
}

/** For people only; what counts is the lock. */
function noteHolder(file: number): void {
  try {
    ftruncateSync(file);
    writeSync(file, `process ${process.pid} on ${hostname()}`);
  } catch {
    // A full disk must not keep anyone from reading the journal.
  }
}

function held(path: string, directory: string): JournalProblem {
  const holder = readFileSync(path, 'utf8') || 'another process';
  return {
    reason: 'held',
    message: `the journal in ${directory} is held by ${holder}`,
    remedy: 'stop that process, or give this one a JOURNAL_DIR of its own',
  };
}

function noLock(directory: string, complaints: string): JournalProblem {
  return {
    reason: 'no_lock',
    message: `the journal in ${directory} can't be locked (${complaints})`,
    remedy:
      'install flock (util-linux) or perl, and keep JOURNAL_DIR on a disk that supports flock',
  };
}
