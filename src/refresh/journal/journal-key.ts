import { createHmac, hkdfSync } from 'node:crypto';
import type { JournalProblem } from './journal-problem.js';

/** What is derived from a journal key: nothing is used for two purposes. Secret, except for `id`. */
export interface JournalKey {
  /** Names the key in records; says nothing about it. */
  readonly id: string;
  readonly encryption: Uint8Array;
  readonly hashing: Uint8Array;
}

export type ParsedKey =
  | { readonly ok: true; readonly key: JournalKey }
  | { readonly ok: false; readonly problem: JournalProblem };

/** The length of a journal key. */
export const keyBytes = 32;

/**
 * Reads a key: 32 bytes in base64. `name` (`JOURNAL_KEY`) is where it came from, for the message,
 * which never holds the value.
 */
export function parseJournalKey(text: string, name: string): ParsedKey {
  const trimmed = text.trim();
  if (/^[A-Za-z0-9+/]{43}=$/.test(trimmed)) {
    return { ok: true, key: deriveJournalKey(Buffer.from(trimmed, 'base64')) };
  }
  const problem: JournalProblem = {
    reason: 'bad_key',
    message: `${name} must be ${keyBytes} bytes in base64: 44 characters that end in "=", these are ${trimmed.length}`,
    remedy: 'make one with: openssl rand -base64 32',
  };
  return { ok: false, problem };
}

/**
 * Hash of a refresh token, to recognise it again. It is keyed, so that a record says nothing to
 * whoever holds a list of tokens but not the key.
 */
export function hashRefreshToken(refreshToken: string, key: JournalKey): string {
  return createHmac('sha256', key.hashing).update(refreshToken).digest('base64');
}

function deriveJournalKey(secret: Uint8Array): JournalKey {
  const derive = (purpose: string, bytes: number) =>
    new Uint8Array(
      hkdfSync('sha256', secret, '', `oauth-token-exporter journal ${purpose}`, bytes),
    );
  return {
    id: Buffer.from(derive('key id', 8)).toString('hex'),
    encryption: derive('encryption', keyBytes),
    hashing: derive('hashing', keyBytes),
  };
}
