import type { FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { writeFully } from './durable-file.js';

/** Bytes that belong at a place that the file has already. */
export interface Write {
  readonly file: FileHandle;
  readonly bytes: Uint8Array;
  readonly position: number;
}

/** Returns when the bytes survive a power loss; rejects when that is not certain. */
export type Commit = (writes: readonly Write[]) => Promise<void>;

interface Waiting {
  readonly writes: readonly Write[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Calls that come while the disk is busy share the next flush: a flush costs the same for one
 * record as for many.
 *
 * After a failed flush the system may call pages clean that it never wrote, so nothing is
 * concluded from a later one: each call stands on a flush that began after its own write.
 */
export function createGroupCommit(): Commit {
  let waiting: Waiting[] = [];
  let running = false;

  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      // Whoever the last flush released may have something to add.
      await nextTurn();
      const batch = waiting;
      waiting = [];
      await commitTogether(batch);
    }
    running = false;
  };
  return (writes) =>
    new Promise((resolve, reject) => {
      waiting.push({ writes, resolve, reject });
      if (running) return;
      running = true;
      void run();
    });
}

async function commitTogether(batch: readonly Waiting[]): Promise<void> {
  const written = await Promise.allSettled(
    batch.map(({ writes }) =>
      Promise.all(writes.map(({ file, bytes, position }) => writeFully(file, bytes, position))),
    ),
  );
  const files = [...new Set(batch.flatMap(({ writes }) => writes.map(({ file }) => file)))];
  const flushes = await Promise.allSettled(files.map((file) => file.datasync()));

  batch.forEach(({ writes, resolve, reject }, index) => {
    const own = writes.map(({ file }) => flushes[files.indexOf(file)]);
    const failed = [written[index], ...own].find((outcome) => outcome?.status === 'rejected');
    if (failed?.status === 'rejected') reject(failed.reason as Error);
    else resolve();
  });
}
