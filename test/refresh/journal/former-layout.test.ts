import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sealAnswer } from '../../../src/refresh/journal/sealed-answer.js';
import {
  answerOffset,
  encodeAnswer,
  encodeSent,
  forgottenHead,
  type Sent,
} from '../../../src/refresh/journal/slot-format.js';
import { answerWith, at, keyOf, open, send, summary, temporaryFolder } from './journal-folder.js';

const former = 'slots-v1-usual-000000001';
const slotBytes = 32 * 1024;
const key = keyOf('k');

function sentFor(tokenId: string): Sent {
  return {
    entryId: `7f2b6a51-95b5-4f0c-8d6e-0a3f5f3b1c1${tokenId.at(-1)}`,
    journalId: '0d9b2a60-3a35-4a65-9b1f-6f0a5b1f7c22',
    provider: 'fathom',
    tokenId,
    sentAtMs: at('10:00:00').getTime(),
    refreshTokenHash: Buffer.alloc(32, 'h').toString('base64'),
    keyId: key.id,
  };
}

/** A journal as it was before the parts of slots were put side by side: slot after slot. */
async function formerJournal(): Promise<string> {
  const directory = await temporaryFolder();
  const file = Buffer.alloc(32 * slotBytes);
  const [answered, sent, forgotten] = [sentFor('token-1'), sentFor('token-2'), sentFor('token-3')];
  const received = { answer: answerWith('x'.repeat(20_000)), receivedAt: at('10:00:01') };
  file.set(encodeSent(answered), 0);
  file.set(encodeAnswer(answered, sealAnswer(received, answered, key)), answerOffset);
  file.set(encodeSent(sent), slotBytes);
  const left = encodeAnswer(forgotten, sealAnswer(received, forgotten, key));
  file.set(forgottenHead, 2 * slotBytes);
  file.set(left, 2 * slotBytes + answerOffset);
  await writeFile(join(directory, former), file);
  return directory;
}

describe('a journal of the layout before', () => {
  const expected = { 'token-1': 'x'.repeat(20_000), 'token-2': 'sent' };

  it('gives back what is in it, again and again until it is forgotten', async () => {
    const directory = await formerJournal();
    for (let time = 0; time < 2; time += 1) {
      const journal = await open(directory);
      expect(journal.damages).toEqual([]);
      expect(summary(journal.entries)).toEqual(expected);
      await journal.release();
    }
  });

  it('takes an answer for what was sent under it', async () => {
    const directory = await formerJournal();
    const journal = await open(directory);
    const { entryId } = sentFor('token-2');
    const recorded = await journal.recordAnswer(entryId, answerWith('late'), at('10:00:02'));
    expect(recorded).toEqual({ ok: true });
    await journal.release();

    expect(summary((await open(directory)).entries)).toEqual({ ...expected, 'token-2': 'late' });
  });

  it('writes what is new beside it, and deletes it once all of it is forgotten', async () => {
    const directory = await formerJournal();
    const journal = await open(directory);
    await send(journal, 'token-4');
    expect(await readdir(directory)).toContain(former);
    for (const { entryId } of journal.entries) journal.forget(entryId);
    await journal.release();

    expect(await readdir(directory)).not.toContain(former);
    expect(summary((await open(directory)).entries)).toEqual({ 'token-4': 'sent' });
  });
});
