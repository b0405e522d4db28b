import type { FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { writeFully } from './durable-file.js';

/** Bytes that belong at a place that the file has already. */
export interface Write {
  readonly file: FileHandle;
  readonly bytes: Uint8Array;
  readonly position: number;
  /** So much from `position` on is theirs: what they leave over may become zeros. */
  readonly roomBytes: number;
}

export interface GroupCommit {
  /** Returns when the bytes survive a power loss; rejects when that is not certain. */
  readonly commit: (writes: readonly Write[]) => Promise<void>;
  /** Returns when the bytes survive the process; they go with the next flush when there is one. */
  readonly write: (writes: readonly Write[]) => Promise<void>;
}

interface Waiting {
  readonly writes: readonly Write[];
  readonly isFlushed: boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Writes side by side in a file, as one. */
interface Run {
  readonly writes: readonly Write[];
  readonly file: FileHandle;
  readonly position: number;
  readonly bytes: Uint8Array;
}

/**
 * Calls that come while the disk is busy share the next flush: a flush costs the same for one
 * record as for many. So does a write: what lies side by side is written at once, since handing it
 * to another thread costs more than writing it.
 *
 * After a failed flush the system may call pages clean that it never wrote, so nothing is
 * concluded from a later one: each call stands on a flush that began after its own write.
 */
export function createGroupCommit(): GroupCommit {
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
  const add = (writes: readonly Write[], isFlushed: boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ writes, isFlushed, resolve, reject });
      if (running) return;
      running = true;
      void run();
    });
  return {
    commit: (writes) => add(writes, true),
    write: (writes) => add(writes, false),
  };
}

async function commitTogether(batch: readonly Waiting[]): Promise<void> {
  const runs = joinNeighbours(batch.flatMap(({ writes }) => writes));
  const written = await Promise.allSettled(
    runs.map(({ file, bytes, position }) => writeFully(file, bytes, position)),
  );
  const flushed = batch.filter(({ isFlushed }) => isFlushed).flatMap(({ writes }) => writes);
  const files = [...new Set(flushed.map(({ file }) => file))];
  const flushes = await Promise.allSettled(files.map((file) => file.datasync()));

  const outcomes = new Map<Write, PromiseSettledResult<void> | undefined>();
  runs.forEach(({ writes }, index) => {
    for (const write of writes) outcomes.set(write, written[index]);
  });
  for (const { writes, isFlushed, resolve, reject } of batch) {
    const own = writes.flatMap((write) => [
      outcomes.get(write),
      isFlushed ? flushes[files.indexOf(write.file)] : undefined,
    ]);
    const failed = own.find((outcome) => outcome?.status === 'rejected');
    if (failed?.status === 'rejected') reject(failed.reason as Error);
    else resolve();
  }
}

/** Joins what begins where the room of another ends. */
function joinNeighbours(writes: readonly Write[]): Run[] {
  const byFile = new Map<FileHandle, Write[]>();
  for (const write of writes) {
    const others = byFile.get(write.file);
    if (others === undefined) byFile.set(write.file, [write]);
    else others.push(write);
  }
  return [...byFile.values()].flatMap((ofFile) => {
    const runs: Write[][] = [];
    let end = NaN;
    for (const write of ofFile.sort((a, b) => a.position - b.position)) {
      if (write.position === end) runs.at(-1)?.push(write);
      else runs.push([write]);
      end = write.position + write.roomBytes;
    }
    return runs.map(joinRun);
  });
}

function joinRun(writes: readonly Write[]): Run {
  const [first, last] = [writes[0], writes.at(-1)];
  if (first === undefined || last === undefined) throw new TypeError('a run of no writes');
  const { file, position } = first;
  if (writes.length === 1) return { writes, file, position, bytes: first.bytes };
  const bytes = new Uint8Array(last.position + last.bytes.length - position);
  for (const write of writes) bytes.set(write.bytes, write.position - position);
  return { writes, file, position, bytes };
}
