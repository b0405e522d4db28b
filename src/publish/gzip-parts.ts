import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';
import type { ZlibOptions } from 'node:zlib';
import { giveWay } from '../give-way.js';

/** A stretch of bytes, plain and as it stands within a gzip stream. */
export interface GzipPart {
  readonly plain: Buffer;
  readonly deflated: Buffer;
}

const deflate = promisify<Buffer, ZlibOptions, Buffer>(deflateRaw);

/**
 * A window of 1 kB, of many lines that are alike: the ids in them repeat nothing, and looking further
 * back finds matches so far away that they cost more bits than their letters.
 */
const options: ZlibOptions = { level: 5, windowBits: 10, chunkSize: 64 * 1024 };

/**
 * Compresses a stretch of bytes apart from what stands around it, so that several streams share it.
 *
 * A sync flush ends it at a whole byte and lets another block follow (RFC 1951 section 3.2.4).
 */
export async function deflatePart(plain: Buffer): Promise<GzipPart> {
  const deflated = await deflate(plain, { ...options, finishFlush: constants.Z_SYNC_FLUSH });
  return { plain, deflated };
}

/** Deflate, no flags, no time, unknown system: RFC 1952 section 2.3. */
const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
/** The last block, of nothing. */
const end = Buffer.from([3, 0]);
/** Checksums between two turns of the event loop. */
const partsAtOnce = 16;

/** Puts parts together as one gzip stream of a single member, which every client understands. */
export async function gzipOfParts(parts: readonly GzipPart[]): Promise<Buffer> {
  let checksum = 0;
  let length = 0;
  for (const [index, { plain }] of parts.entries()) {
    // Of nothing zlib answers with 0, whatever came before.
    if (plain.length > 0) checksum = crc32(plain, checksum);
    length += plain.length;
    if (index % partsAtOnce === partsAtOnce - 1) await giveWay();
  }
  await giveWay();
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeUInt32LE(length % 2 ** 32, 4);
  return Buffer.concat([header, ...parts.map(({ deflated }) => deflated), end, trailer]);
}
