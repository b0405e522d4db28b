import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { RawAnswer } from '../token-response.js';
import type { JournalKey } from './journal-key.js';
import type { Sent } from './slot-format.js';

/** An answer and when it came, by the caller's clock. Holds secrets. */
export interface ReceivedAnswer {
  readonly answer: RawAnswer;
  readonly receivedAt: Date;
}

/** An answer that says nothing without its key. */
export interface SealedAnswer {
  readonly nonce: Buffer;
  readonly tag: Buffer;
  readonly ciphertext: Buffer;
}

const algorithm = 'aes-256-gcm';

/**
 * Encrypts an answer so that it can be opened only as the answer to this request for this token.
 * Nonces are random: good for 2³² answers under one key (NIST SP 800-38D section 8.3).
 */
export function sealAnswer(
  { answer, receivedAt }: ReceivedAnswer,
  to: Sent,
  key: JournalKey,
): SealedAnswer {
  const nonce = drawNonce();
  const cipher = createCipheriv(algorithm, key.encryption, nonce).setAAD(identity(to));
  const { status, headers, body } = answer;
  const head = JSON.stringify({ status, headers, receivedAtMs: receivedAt.getTime() });
  const ciphertext = cipher.update(Buffer.concat([Buffer.from(`${head}\n`), body]));
  // Of this mode the last piece is empty.
  cipher.final();
  return { nonce, tag: cipher.getAuthTag(), ciphertext };
}

const nonceBytes = 12;
/** Random bytes for the next nonces: asked for one at a time, each would cost a third of its answer. */
let nonces = Buffer.alloc(0);

function drawNonce(): Buffer {
  if (nonces.length === 0) nonces = randomBytes(256 * nonceBytes);
  const nonce = nonces.subarray(0, nonceBytes);
  nonces = nonces.subarray(nonceBytes);
  return nonce;
}

/** Decrypts an answer; null when it is not the answer to `to`, or not what was sealed. */
export function openAnswer(
  { nonce, tag, ciphertext }: SealedAnswer,
  to: Sent,
  key: JournalKey,
): ReceivedAnswer | null {
  const decipher = createDecipheriv(algorithm, key.encryption, nonce, { authTagLength: 16 })
    .setAAD(identity(to))
    .setAuthTag(tag);
  let plain: Buffer;
  try {
    plain = Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return null;
  }
  const headEnd = plain.indexOf('\n');
  const head = JSON.parse(plain.toString('utf8', 0, headEnd)) as Pick<
    RawAnswer,
    'status' | 'headers'
  > & { readonly receivedAtMs: number };
  const { status, headers, receivedAtMs } = head;
  const body = plain.subarray(headEnd + 1);
  return { answer: { status, headers, body }, receivedAt: new Date(receivedAtMs) };
}

function identity({ entryId, provider, tokenId, refreshTokenHash }: Sent): Buffer {
  return Buffer.from(JSON.stringify([entryId, provider, tokenId, refreshTokenHash]));
}
