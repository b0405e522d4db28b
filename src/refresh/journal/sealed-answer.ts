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
  readonly nonce: Uint8Array;
  readonly tag: Uint8Array;
  readonly ciphertext: Uint8Array;
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
  const nonce = randomBytes(12);
  const cipher = createCipheriv(algorithm, key.encryption, nonce).setAAD(identity(to));
  const { status, headers, body } = answer;
  const head = JSON.stringify({ status, headers, receivedAtMs: receivedAt.getTime() });
  const ciphertext = Buffer.concat([
    cipher.update(`${head}\n`, 'utf8'),
    cipher.update(body),
    cipher.final(),
  ]);
  return { nonce, tag: cipher.getAuthTag(), ciphertext };
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
