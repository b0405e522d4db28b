import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { failedWith, syncDirectory, unfinishedSuffix, writeDurably } from './durable-file.js';
import { answerOffset } from './slot-format.js';
import type { Place, SegmentShape } from './slot-pool.js';

/** How the name of a segment begins; another number means another layout. */
const formats = ['slots-v1-', 'slots-v2-'];

/**
 * For a usual answer, and for the longest that the token endpoint is listened to for; and as usual
 * answers were laid out before 0032, which are read but not written any more.
 */
export const shapes = {
  usual: {
    ...{ name: 'slots-v2-usual', slotBytes: 32 * 1024, slots: 128, spare: 1 },
    // Requests, answers of up to 3 KiB, and what is longer.
    parts: [0, answerOffset, 2 * answerOffset],
  },
  former: { name: 'slots-v1-usual', slotBytes: 32 * 1024, slots: 32, parts: [0], spare: 0 },
  long: {
    name: 'slots-v1-long',
    slotBytes: 1024 * 1024 + 32 * 1024,
    slots: 1,
    parts: [0],
    spare: 1,
  },
} as const satisfies Record<string, SegmentShape>;

/**
 * Makes the directory when it is missing, and the one above it, but no more: a path that is
 * missing further up is a typing error or a volume that is not mounted.
 */
export async function ensureDirectory(directory: string): Promise<void> {
  for (const path of [dirname(directory), directory]) {
    try {
      await stat(path);
    } catch (error) {
      if (!failedWith(error, 'ENOENT')) throw error;
      await makeDirectory(path);
    }
  }
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
    await syncDirectory(dirname(path));
  } catch (error) {
    // Another process was faster.
    if (!failedWith(error, 'EEXIST')) throw error;
  }
}

/** True when a newer version wrote here: what it wrote would look damaged to this one. */
export async function isNewerFormat(directory: string): Promise<boolean> {
  const names = await readdir(directory);
  return names.some(
    (name) => name.startsWith('slots-') && !formats.some((format) => name.startsWith(format)),
  );
}

/** True when nothing was ever recorded here. */
export async function isNewJournal(directory: string): Promise<boolean> {
  return !(await readdir(directory)).some((name) => name.startsWith('slots-'));
}

/** Deletes what a crash left half written. */
export async function removeUnfinished(directory: string): Promise<void> {
  const names = await readdir(directory);
  const unfinished = names.filter((name) => name.endsWith(unfinishedSuffix));
  await Promise.all(unfinished.map((name) => rm(join(directory, name))));
}

/** The id kept in the directory; null when there is none or it is damaged. */
export async function readJournalId(directory: string): Promise<string | null> {
  try {
    const [id = '', checksum] = (await readFile(idFile(directory), 'utf8')).trim().split(' ');
    return checksum === checksumOf(id) ? id : null;
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Keeps the id in the directory. */
export async function writeJournalId(directory: string, id: string): Promise<void> {
  await writeDurably(idFile(directory), `${id} ${checksumOf(id)}\n`);
}

/** Copies the bytes of a slot to a file of their own, and answers with its name. */
export async function setAside(
  directory: string,
  { slot: { fileName, position }, bytes }: Place,
  why: 'damaged' | 'abandoned',
): Promise<string> {
  const unique = randomUUID().slice(0, 8);
  const path = join(directory, `${why}-${fileName}-byte-${position}-${unique}`);
  await writeDurably(path, bytes);
  return basename(path);
}

function idFile(directory: string): string {
  return join(directory, 'journal.id');
}

function checksumOf(id: string): string {
  return crc32(id).toString(16);
}
