import { fstatSync, readdirSync, statSync } from 'node:fs';
import { open, readFile, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

interface DiskWrite {
  readonly kind: 'write';
  readonly file: string;
  readonly fileBytes: number;
  readonly position: number;
  readonly bytes: Buffer;
  done: boolean;
}

/** What happened at a disk and around it, in order. */
type DiskEvent =
  | DiskWrite
  /** A flush has ended; these writes had ended before it began. */
  | { readonly kind: 'flushed'; readonly writes: readonly DiskWrite[] }
  | { readonly kind: 'said'; readonly line: string };

export interface RecordedDisk {
  readonly events: readonly DiskEvent[];
  /** Whether ever two writes to one place were under way together: either may have been last. */
  readonly raced: () => boolean;
  readonly say: (line: string) => void;
  readonly stop: () => void;
}

/** What is recorded, as methods of the class that Node keeps to itself. */
interface FileMethods {
  write: (this: FileHandle, ...args: [Buffer, number, number, number]) => Promise<unknown>;
  datasync: (this: FileHandle) => Promise<void>;
}

const sectorBytes = 512;

/**
 * Records what Node writes to the files in `directory` and flushes there, until stopped. Files
 * that are being made under another name are on disk when they get their own.
 */
export async function recordDisk(directory: string): Promise<RecordedDisk> {
  const events: DiskEvent[] = [];
  let raced = false;
  const handle = await open(directory, 'r');
  const methods = Object.getPrototypeOf(handle) as FileMethods;
  await handle.close();
  const original: FileMethods = { write: methods.write, datasync: methods.datasync };
  const stop = () => void Object.assign(methods, original);
  onTestFinished(stop);

  const names = new WeakMap<FileHandle, string>();
  const nameOf = (file: FileHandle): string | null => {
    const { ino } = fstatSync(file.fd);
    const find = () => readdirSync(directory).find((n) => statSync(join(directory, n)).ino === ino);
    const name = names.get(file) ?? find();
    if (name === undefined || name.endsWith('.new')) return null;
    names.set(file, name);
    return name;
  };

  methods.write = async function (buffer, from, length, position) {
    const file = nameOf(this);
    const bytes = Buffer.from(buffer.subarray(from, from + length));
    const fileBytes = fstatSync(this.fd).size;
    const write: DiskWrite = {
      ...{ kind: 'write', file: file ?? '', fileBytes, position, bytes, done: false },
    };
    raced ||= events.some(
      (e) => e.kind === 'write' && !e.done && e.file === file && e.position === position,
    );
    if (file !== null) events.push(write);
    const written = await original.write.call(this, buffer, from, length, position);
    write.done = true;
    return written;
  };
  methods.datasync = async function () {
    const file = nameOf(this);
    const writes = events
      .filter((e) => e.kind === 'write')
      .filter((e) => e.file === file && e.done);
    await original.datasync.call(this);
    events.push({ kind: 'flushed', writes });
  };
  const say = (line: string) => void events.push({ kind: 'said', line });
  return { events, raced: () => raced, say, stop };
}

/**
 * Does to the files in `directory`, as they were before the recording, what a disk may have done
 * when its power failed after `events`: what was flushed is there, and of what was only written
 * any part, sector by sector. `honest: false` is a disk that does not flush when it says so.
 */
export async function replayDisk(
  directory: string,
  events: readonly DiskEvent[],
  { honest }: { readonly honest: boolean },
): Promise<void> {
  const flushed = new Set(events.flatMap((e) => (e.kind === 'flushed' ? e.writes : [])));
  const files = new Map<string, Buffer>();
  for (const event of events) {
    if (event.kind !== 'write') continue;
    const path = join(directory, event.file);
    const made = () => Buffer.alloc(event.fileBytes);
    const file = files.get(path) ?? (await readFile(path).catch(made));
    files.set(path, file);
    for (let done = 0; done < event.bytes.length; done += sectorBytes) {
      const isKept = (honest && flushed.has(event)) || Math.random() < 0.5;
      if (isKept) event.bytes.copy(file, event.position + done, done, done + sectorBytes);
    }
  }
  for (const [path, file] of files) await writeFile(path, file);
}
