import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export type TextFile =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string };

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/**
 * Reads a text file named by the configuration, relative to `cwd`. The message names the file, unless
 * what should be a path is evidently the content itself, which may be a secret.
 */
export function readTextFile(path: string, cwd: string): TextFile {
  if (/:\/\/|\n/.test(path)) {
    return { ok: false, message: 'must be the path of a file, not the content itself' };
  }
  try {
    return { ok: true, text: readFileSync(resolve(cwd, path), 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return { ok: false, message: `cannot read ${path}: ${reasons[code] ?? code}` };
  }
}
