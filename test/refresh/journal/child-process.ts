import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const sources = ['src/refresh/journal', 'test/refresh/journal'];

/**
 * Translates the journal and journal-child.ts into `folder` and answers with the program: plain
 * JavaScript starts in a tenth of a second, so that a test can start and kill it a hundred times.
 */
export async function buildChild(folder: string): Promise<string> {
  for (const source of sources) {
    const names = (await readdir(join(root, source))).filter((name) =>
      /(?<!\.test)\.ts$/.test(name),
    );
    await mkdir(join(folder, source), { recursive: true });
    for (const name of names) {
      const text = await readFile(join(root, source, name), 'utf8');
      const { outputText } = ts.transpileModule(text, {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
      });
      await writeFile(join(folder, source, name.replace(/ts$/, 'js')), outputText);
    }
  }
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  return join(folder, 'test/refresh/journal/journal-child.js');
}

export interface Child {
  /** The next line it writes; null when it has ended. */
  readonly nextLine: () => Promise<string | null>;
  readonly tell: (line: string) => void;
  /** Ends it at once, waits until it is gone, and answers with what it had still written. */
  readonly kill: () => Promise<string[]>;
}

/** Starts a program of {@link buildChild}. It does not outlive the test. */
export function startChild(program: string, ...args: string[]): Child {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const closed = once(child, 'close');
  const nextLine = async () => {
    const { value, done } = (await lines.next()) as IteratorResult<string, undefined>;
    return done === true ? null : value;
  };
  const kill = async () => {
    child.kill('SIGKILL');
    const rest: string[] = [];
    for (let line = await nextLine(); line !== null; line = await nextLine()) rest.push(line);
    await closed;
    return rest;
  };
  onTestFinished(async () => {
    await kill();
  });
  return { nextLine, tell: (line) => child.stdin.write(`${line}\n`), kill };
}
