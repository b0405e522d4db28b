import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { failedWith, writeDurably } from './durable-file.js';
import { keyBytes, parseJournalKey, type JournalKey, type ParsedKey } from './journal-key.js';
import type { JournalProblem } from './journal-problem.js';

export type ReadKeys =
  | {
      readonly ok: true;
      /** For what is written. */
      readonly key: JournalKey;
      /** For what is read, by id. */
      readonly keys: ReadonlyMap<string, JournalKey>;
    }
  | { readonly ok: false; readonly problem: JournalProblem };

/**
 * Settles which keys the journal in `directory` works with: the configured ones, or else the one
 * kept beside the records, which is made where there is none. A kept key stays good for reading
 * when another is configured later. The caller holds the directory.
 */
export async function readJournalKeys({
  directory,
  key,
  oldKeys,
  onWarning,
}: {
  readonly directory: string;
  readonly key: JournalKey | null;
  readonly oldKeys: readonly JournalKey[];
  readonly onWarning: (message: string) => void;
}): Promise<ReadKeys> {
  const path = join(directory, 'journal.key');
  const kept = await readKeyFile(path);
  if (kept !== null && ((await stat(path)).mode & 0o077) !== 0) {
    onWarning(`others than its owner can read ${path}: chmod 600 it`);
  }
  if (key !== null) {
    if (kept?.ok === false) onWarning(`${kept.problem.message}; it is not used`);
    return useKeys(key, kept?.ok === true ? [...oldKeys, kept.key] : oldKeys);
  }
  const own = kept ?? (await makeKeyFile(path));
  if (!own.ok) return { ok: false, problem: { ...own.problem, remedy: restoreRemedy } };
  if (kept === null) {
    onWarning(
      `made a journal key in ${path}; with JOURNAL_KEY it would not lie beside the records`,
    );
  }
  return useKeys(own.key, oldKeys);
}

const restoreRemedy = 'restore the file from a copy, or set JOURNAL_KEY';

function useKeys(key: JournalKey, others: readonly JournalKey[]): ReadKeys {
  return { ok: true, key, keys: new Map([...others, key].map((each) => [each.id, each])) };
}

async function readKeyFile(path: string): Promise<ParsedKey | null> {
  try {
    return parseJournalKey(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return null;
    throw error;
  }
}

async function makeKeyFile(path: string): Promise<ParsedKey> {
  const text = randomBytes(keyBytes).toString('base64');
  await writeDurably(path, `${text}\n`);
  return parseJournalKey(text, path);
}
