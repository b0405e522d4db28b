import { crc32 } from 'node:zlib';
import type { SealedAnswer } from './sealed-answer.js';

/** A refresh request that was about to leave. Stored in clear: no secrets. */
export interface Sent {
  readonly entryId: string;
  readonly journalId: string;
  readonly provider: string;
  readonly tokenId: string;
  readonly sentAtMs: number;
  readonly refreshTokenHash: string;
  /** The key of the hash and of the answer. */
  readonly keyId: string;
}

/** What a slot holds, as far as it can be told without a key. */
export type SlotContent =
  | { readonly kind: 'free' }
  | {
      readonly kind: 'entry';
      readonly sent: Sent;
      readonly sealed: SealedAnswer | null;
      /** What of it can't be read; null: all is well. */
      readonly damage: string | null;
    }
  | { readonly kind: 'damaged'; readonly damage: string };

/**
 * The layout of a slot: the request, then its answer.
 *
 * A head is a block of JSON with a checksum, zeros when it was never written. Each of the two
 * starts a page of its own, so that writing one never rewrites the other; the answer's head
 * repeats the request, so that either survives damage to the other. A usual request fits one
 * disk sector, so that a power loss leaves the old or the new.
 */
export const answerOffset = 4096;
const headBytes = 1024;
export const bodyOffset = answerOffset + headBytes;
/** JSON around a provider's name and a token's id takes less than the other half of a head. */
const longestName = headBytes / 2;

type Unread = 'never written' | 'damaged';
type SentHead = Sent | { readonly forgotten: true };
type AnswerHead = Sent & {
  readonly nonce: string;
  readonly tag: string;
  readonly bytes: number;
  readonly crc: number;
};

/** Belongs at the start of a slot whose entry is done with. */
export const forgottenHead: Uint8Array = encodeHead({ forgotten: true });

/** Belongs where an answer can't be read. */
export const noAnswerHead: Uint8Array = new Uint8Array(headBytes);

/** Belongs at the start of a slot. */
export function encodeSent(sent: Sent): Uint8Array {
  return encodeHead(sent);
}

/** True when a request with these names fits a slot. */
export function fitsHead(provider: string, tokenId: string): boolean {
  return Buffer.byteLength(JSON.stringify([provider, tokenId])) <= longestName;
}

/** Belongs at `answerOffset` of the slot. */
export function encodeAnswer(sent: Sent, { nonce, tag, ciphertext }: SealedAnswer): Uint8Array {
  // Field by field: a spread costs more than all the rest of it.
  const head: AnswerHead = {
    entryId: sent.entryId,
    journalId: sent.journalId,
    provider: sent.provider,
    tokenId: sent.tokenId,
    sentAtMs: sent.sentAtMs,
    refreshTokenHash: sent.refreshTokenHash,
    keyId: sent.keyId,
    nonce: nonce.toString('base64'),
    tag: tag.toString('base64'),
    bytes: ciphertext.length,
    crc: crc32(ciphertext),
  };
  const record = Buffer.allocUnsafe(headBytes + ciphertext.length);
  writeHead(record, head);
  ciphertext.copy(record, headBytes);
  return record;
}

/** Reads a slot; bytes that are missing at its end count as zeros. */
export function decodeSlot(slot: Buffer): SlotContent {
  const sent = decodeHead(slot.subarray(0, headBytes)) as SentHead | Unread;
  if (typeof sent === 'object' && 'forgotten' in sent) return { kind: 'free' };
  const answer = decodeAnswer(slot);

  if (typeof sent === 'object') {
    if (answer === 'damaged') {
      return { kind: 'entry', sent, sealed: null, damage: 'the answer is incomplete or damaged' };
    }
    // Another id: what is left of an entry that had this slot before.
    const own = answer !== 'never written' && answer.sent.entryId === sent.entryId;
    return { kind: 'entry', sent, sealed: own ? answer.sealed : null, damage: null };
  }
  if (typeof answer === 'object') {
    return { kind: 'entry', ...answer, damage: 'the record of the request is damaged' };
  }
  return sent === 'never written' && answer === 'never written'
    ? { kind: 'free' }
    : { kind: 'damaged', damage: 'the record is damaged beyond recognition' };
}

function decodeAnswer(slot: Buffer): { sent: Sent; sealed: SealedAnswer } | Unread {
  const head = decodeHead(slot.subarray(answerOffset, bodyOffset)) as AnswerHead | Unread;
  if (typeof head === 'string') return head;
  const { nonce, tag, bytes, crc, ...sent } = head;
  const ciphertext = slot.subarray(bodyOffset, bodyOffset + bytes);
  if (ciphertext.length < bytes || crc32(ciphertext) !== crc) return 'damaged';
  const sealed = {
    nonce: Buffer.from(nonce, 'base64'),
    tag: Buffer.from(tag, 'base64'),
    ciphertext,
  };
  return { sent, sealed };
}

function encodeHead(content: SentHead): Uint8Array {
  const head = Buffer.allocUnsafe(headBytes);
  writeHead(head, content);
  return head;
}

/** Checksum, length, JSON, zeros; the checksum covers all that follows it. */
function writeHead(to: Buffer, content: SentHead | AnswerHead): void {
  const written = to.write(JSON.stringify(content), 8, headBytes - 8);
  to.writeUInt32LE(written, 4);
  to.fill(0, 8 + written, headBytes);
  to.writeUInt32LE(crc32(to.subarray(4, headBytes)), 0);
}

function decodeHead(head: Buffer): unknown {
  if (head.every((byte) => byte === 0)) return 'never written';
  if (head.length < headBytes || crc32(head.subarray(4)) !== head.readUInt32LE(0)) return 'damaged';
  return JSON.parse(head.toString('utf8', 8, 8 + head.readUInt32LE(4)));
}
