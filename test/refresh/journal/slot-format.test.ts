import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openAnswer, sealAnswer } from '../../../src/refresh/journal/sealed-answer.js';
import {
  answerOffset,
  bodyOffset,
  decodeSlot,
  encodeAnswer,
  encodeSent,
  fitsHead,
  type Sent,
} from '../../../src/refresh/journal/slot-format.js';
import { answerWith, at, keyOf } from './journal-folder.js';

const key = keyOf('k');
const sent: Sent = {
  entryId: '7f2b6a51-95b5-4f0c-8d6e-0a3f5f3b1c11',
  journalId: '0d9b2a60-3a35-4a65-9b1f-6f0a5b1f7c22',
  provider: 'fathom',
  tokenId: '6c1c2a0e-5c8d-4f86-8b83-3c1a6d2f9e33',
  sentAtMs: at('10:00:00').getTime(),
  refreshTokenHash: Buffer.alloc(32, 'h').toString('base64'),
  keyId: key.id,
};
const received = { answer: answerWith('{"access_token":"a"}'), receivedAt: at('10:00:01') };

function slotWith(answered: boolean): Buffer {
  const record = encodeAnswer(sent, sealAnswer(received, sent, key));
  const slot = Buffer.alloc(bodyOffset + 200);
  slot.set(encodeSent(sent));
  if (answered) slot.set(record, answerOffset);
  return slot;
}

/** What a slot gives back, as a person would say it. */
function read(slot: Buffer): string {
  const content = decodeSlot(slot);
  if (content.kind !== 'entry') return content.kind;
  expect(content.sent).toEqual(sent);
  const { sealed, damage } = content;
  const opened = sealed && openAnswer(sealed, sent, key);
  if (opened) expect(opened).toEqual(received);
  return [opened ? 'answered' : 'sent', ...(damage === null ? [] : ['damaged'])].join(', ');
}

describe('a slot', () => {
  it('is free when nothing was ever written', () => {
    expect(read(Buffer.alloc(bodyOffset + 200))).toBe('free');
    expect(read(Buffer.alloc(0))).toBe('free');
  });

  it('gives back its request and its answer', () => {
    expect(read(slotWith(false))).toBe('sent');
    expect(read(slotWith(true))).toBe('answered');
  });

  it('cut off at any byte gives back what was whole, or says that it is damaged', () => {
    const slot = slotWith(true);
    const end = bodyOffset + decodedLength(slot);
    const wrong: number[] = [];
    for (let length = 1; length < slot.length; length += 1) {
      // Between the request and its answer there is nothing to miss; the file's length tells.
      const expected =
        length < 1024
          ? 'damaged'
          : length <= answerOffset
            ? 'sent'
            : length < end
              ? 'sent, damaged'
              : 'answered';
      if (read(slot.subarray(0, length)) !== expected) wrong.push(length);
    }
    expect(wrong).toEqual([]);
  });

  it('with any byte changed gives back what was whole, and never something else', () => {
    const slot = slotWith(true);
    const end = bodyOffset + decodedLength(slot);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.nat({ max: 1023 }),
          fc.integer({ min: answerOffset, max: end - 1 }),
          fc.nat({ max: slot.length - 1 }),
        ),
        fc.integer({ min: 1, max: 255 }),
        (position, change) => {
          const changed = Buffer.from(slot);
          changed[position]! ^= change;
          const inRequest = position < 1024;
          const inAnswer = position >= answerOffset && position < end;
          const expected = inRequest
            ? 'answered, damaged'
            : inAnswer
              ? 'sent, damaged'
              : 'answered';
          expect(read(changed)).toBe(expected);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('whose start was zeroed still gives back its answer', () => {
    const slot = slotWith(true);
    slot.fill(0, 0, 4096);
    expect(read(slot)).toBe('answered, damaged');
  });

  it('with a request and an answer damaged is damaged', () => {
    const slot = slotWith(true);
    slot[20]! ^= 1;
    slot[bodyOffset]! ^= 1;
    expect(read(slot)).toBe('damaged');
  });

  it('never takes the answer to another request, or for another token, for its own', () => {
    const sealed = sealAnswer(received, sent, key);
    expect(openAnswer(sealed, sent, key)).toEqual(received);
    expect(openAnswer(sealed, { ...sent, entryId: 'another' }, key)).toBeNull();
    expect(openAnswer(sealed, { ...sent, tokenId: 'another' }, key)).toBeNull();
    expect(openAnswer(sealed, { ...sent, provider: 'another' }, key)).toBeNull();
    expect(openAnswer(sealed, sent, keyOf('o'))).toBeNull();
  });

  it('has room for the longest names it says yes to', () => {
    const tokenId = '€'.repeat(168);
    expect(fitsHead('p', tokenId)).toBe(true);
    expect(fitsHead('p', `${tokenId}€€`)).toBe(false);
    const long = { ...sent, provider: 'p', tokenId };
    const slot = Buffer.alloc(bodyOffset + 200);
    slot.set(encodeSent(long));
    slot.set(encodeAnswer(long, sealAnswer(received, long, key)), answerOffset);
    expect(decodeSlot(slot)).toMatchObject({ kind: 'entry', sent: long, damage: null });
  });
});

function decodedLength(slot: Buffer): number {
  const content = decodeSlot(slot);
  if (content.kind !== 'entry' || content.sealed === null) throw new Error('no answer');
  return content.sealed.ciphertext.length;
}
