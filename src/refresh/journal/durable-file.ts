import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What a file has for a name while it is being written. Left over from a crash it is worthless. */
export const unfinishedSuffix = '.new';

/**
 * Makes a file that, whatever happens, exists with all of its content or not at all, readable by
 * its owner only, and answers with its open handle.
 */
export async function createDurably(
  path: string,
  fill: (file: FileHandle) => Promise<void>,
): Promise<FileHandle> {
  const unfinished = `${path}${unfinishedSuffix}`;
  const file = await open(unfinished, 'w+', 0o600);
  try {
    await fill(file);
    await file.sync();
    await rename(unfinished, path);
    await syncDirectory(dirname(path));
    return file;
  } catch (error) {
    await file.close();
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** As {@link createDurably}, for content at hand. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const file = await createDurably(path, (unfinished) => unfinished.writeFile(content));
  await file.close();
}

/** A new name is on disk only once its directory is. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Writes all of `bytes`: the system may take fewer at once, near the end of a disk for example. */
export async function writeFully(
  file: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** True when the system refused something with this code. */
export function failedWith(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
