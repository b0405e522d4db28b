import { open, readdir, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { createDurably, writeFully } from './durable-file.js';
import type { Write } from './group-commit.js';

/** A kind of segment file: `slots` places of `slotBytes` each. */
export interface SegmentShape {
  readonly name: string;
  readonly slotBytes: number;
  readonly slots: number;
  /**
   * Where the parts of a slot begin in it. The first parts of all slots come first in the file, then
   * all second parts: what is written for neighbours at one time lies side by side.
   */
  readonly parts: readonly number[];
  /** How many segments without entries are kept for the next. */
  readonly spare: 0 | 1;
}

interface Segment {
  readonly fileName: string;
  readonly file: FileHandle;
  readonly taken: boolean[];
}

/** A place in a file whose bytes are all on disk already: writing there needs no more room. */
export interface Slot {
  readonly fileName: string;
  /** Where it begins in the file. */
  readonly position: number;
  readonly slotBytes: number;
  /** Writes `bytes` at `offset` of the slot; the `roomBytes` from there on may become zeros. */
  readonly put: (offset: number, bytes: Uint8Array, roomBytes: number) => Write[];
  /** Gives it back. */
  readonly free: () => void;
}

/** A record that can't be read, entirely or in part. */
export interface JournalDamage {
  readonly file: string;
  readonly offset: number;
  /** What it is and where its bytes are kept, for people. */
  readonly message: string;
}

/** A slot and what is in it; zeros where its file was cut off. */
export interface Place {
  readonly slot: Slot;
  readonly bytes: Buffer;
}

export interface SlotPool {
  /** Opens the files and takes every slot there is, until it is freed. Once, before the rest. */
  readonly takeAll: () => Promise<Place[]>;
  readonly slotBytes: number;
  /** Takes a slot, making room on the disk when there is none; ENOSPC when it is full. */
  readonly take: () => Promise<Slot>;
  /** Makes sure that one slot is free. */
  readonly reserve: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * The segment files of one shape in `directory`. Each is written with zeros and flushed before its
 * first use, so that a disk which fills up later can't refuse what goes into it (on file systems
 * that write in place; btrfs and ZFS do not).
 */
export function createSlotPool(
  directory: string,
  shape: SegmentShape,
  onDamage: (damage: JournalDamage) => void,
): SlotPool {
  const segmentBytes = shape.slotBytes * shape.slots;
  const parts = partsOf(shape);
  const pattern = new RegExp(`^${shape.name}-(\\d+)$`);
  const segments: Segment[] = [];
  /** A number is used once: the file of a dropped segment may still be there. */
  let lastNumber = 0;
  let growing: Promise<void> | null = null;
  const dropping = new Set<Promise<unknown>>();

  function taken(value: boolean): boolean[] {
    return Array.from({ length: shape.slots }, () => value);
  }

  function slotAt(segment: Segment, index: number): Slot {
    segment.taken[index] = true;
    const { fileName, file } = segment;
    return {
      fileName,
      position: parts[0]?.start(index) ?? 0,
      slotBytes: shape.slotBytes,
      put: (offset, bytes, roomBytes) =>
        parts.flatMap((part): Write[] => {
          const from = Math.max(offset, part.begin);
          const own = bytes.subarray(Math.max(0, from - offset), Math.max(0, part.end - offset));
          if (own.length === 0) return [];
          const room = Math.min(part.end, offset + roomBytes) - from;
          return [
            { file, position: part.start(index) + from - part.begin, bytes: own, roomBytes: room },
          ];
        }),
      free: () => {
        segment.taken[index] = false;
        dropSpareSegment();
      },
    };
  }

  /** More segments without entries than the next entries need are only in the way. */
  function dropSpareSegment(): void {
    const spare = segments.filter((segment) => !segment.taken.includes(true));
    const last = spare.at(-1);
    if (spare.length <= shape.spare || last === undefined) return;
    segments.splice(segments.indexOf(last), 1);
    // What fails here costs disk space until the next start and nothing else.
    const path = join(directory, last.fileName);
    const dropped = Promise.allSettled([last.file.close(), rm(path)]).finally(() =>
      dropping.delete(dropped),
    );
    dropping.add(dropped);
  }

  async function addSegment(): Promise<void> {
    lastNumber += 1;
    const fileName = `${shape.name}-${String(lastNumber).padStart(9, '0')}`;
    const file = await createDurably(join(directory, fileName), (unfinished) =>
      writeFully(unfinished, Buffer.alloc(segmentBytes), 0),
    );
    segments.push({ fileName, file, taken: taken(false) });
  }

  async function openSegment(fileName: string): Promise<Segment> {
    const file = await open(join(directory, fileName), 'r+');
    const segment = { fileName, file, taken: taken(true) };
    segments.push(segment);
    return segment;
  }

  /** Answers with all its bytes; what was cut off from the file becomes zeros. */
  async function readSegment({ fileName, file }: Segment): Promise<Buffer> {
    const bytes = await file.readFile();
    const { length } = bytes;
    if (length !== segmentBytes) {
      const message = `journal file ${fileName} is ${length} bytes long instead of ${segmentBytes}`;
      onDamage({ file: fileName, offset: Math.min(length, segmentBytes), message });
    }
    if (length >= segmentBytes) return bytes;
    const cutOff = Buffer.alloc(segmentBytes - length);
    await writeFully(file, cutOff, length);
    await file.sync();
    return Buffer.concat([bytes, cutOff]);
  }

  /** Callers that need room at the same time get one new segment, not one each. */
  function grow(): Promise<void> {
    growing ??= addSegment().finally(() => {
      growing = null;
    });
    return growing;
  }

  /** The lowest one: the fewer files in use, the fewer to flush. */
  function findFree(): { segment: Segment; index: number } | null {
    for (const segment of segments) {
      const index = segment.taken.indexOf(false);
      if (index >= 0) return { segment, index };
    }
    return null;
  }

  return {
    slotBytes: shape.slotBytes,
    async takeAll() {
      const places: Place[] = [];
      for (const fileName of (await readdir(directory)).sort()) {
        const number = pattern.exec(fileName)?.[1];
        if (number === undefined) continue;
        lastNumber = Number(number);
        const segment = await openSegment(fileName);
        const bytes = await readSegment(segment);
        segment.taken.forEach((_, index) => {
          const own = parts.map(({ begin, end, start }) =>
            bytes.subarray(start(index), start(index) + end - begin),
          );
          places.push({ slot: slotAt(segment, index), bytes: Buffer.concat(own) });
        });
      }
      return places;
    },
    async take() {
      for (;;) {
        const place = findFree();
        if (place !== null) return slotAt(place.segment, place.index);
        await grow();
      }
    },
    async reserve() {
      while (findFree() === null) await grow();
    },
    async close() {
      // Whoever has the directory next must not find a file that is about to go.
      await Promise.all(dropping);
      await Promise.all(segments.map(({ file }) => file.close()));
    },
  };
}

/** A part of each slot: from where to where in the slot, and where it starts in the file. */
interface Part {
  readonly begin: number;
  readonly end: number;
  readonly start: (index: number) => number;
}

function partsOf({ parts, slotBytes, slots }: SegmentShape): Part[] {
  return parts.map((begin, place) => {
    const end = parts[place + 1] ?? slotBytes;
    return { begin, end, start: (index) => begin * slots + index * (end - begin) };
  });
}
