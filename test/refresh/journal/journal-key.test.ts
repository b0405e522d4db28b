import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashRefreshToken, parseJournalKey } from '../../../src/refresh/journal/journal-key.js';
import { answer, keyOf, open, send, summary, temporaryFolder, tryOpen } from './journal-folder.js';

const base64 = (bytes: number, letter = 'k') => Buffer.alloc(bytes, letter).toString('base64');

describe('JOURNAL_KEY', () => {
  it('is 32 bytes in base64, blank space around it is ignored', () => {
    const plain = parseJournalKey(base64(32), 'JOURNAL_KEY');
    expect(plain.ok).toBe(true);
    expect(parseJournalKey(` ${base64(32)}\n`, 'JOURNAL_KEY')).toEqual(plain);
  });

  it.each([
    ['31 bytes', base64(31)],
    ['33 bytes', base64(33)],
    ['empty', ''],
    ['hexadecimal', '6b'.repeat(32)],
    ['base64url', `-_${base64(32).slice(2)}`],
    ['without padding', base64(32).slice(0, -1)],
    ['a passphrase', 'correct horse battery staple'],
  ])('is refused without being printed: %s', (_, text) => {
    const parsed = parseJournalKey(text, 'JOURNAL_KEY');
    expect(parsed).toEqual({
      ok: false,
      problem: {
        reason: 'bad_key',
        message: `JOURNAL_KEY must be 32 bytes in base64: 44 characters that end in "=", these are ${text.length}`,
        remedy: 'make one with: openssl rand -base64 32',
      },
    });
  });

  it('is used for a hash that differs from key to key', () => {
    expect(hashRefreshToken('token', keyOf('a'))).toBe(hashRefreshToken('token', keyOf('a')));
    expect(hashRefreshToken('token', keyOf('a'))).not.toBe(hashRefreshToken('token', keyOf('b')));
  });
});

describe('a journal without JOURNAL_KEY', () => {
  it('makes a key, says so once, and finds it again', async () => {
    const directory = await temporaryFolder();
    const warnings: string[] = [];
    const options = { key: null, onWarning: (message: string) => warnings.push(message) };
    const first = await open(directory, options);
    await answer(first, 'token-1', 'a');
    await first.release();
    const second = await open(directory, options);

    expect(summary(second.entries)).toEqual({ 'token-1': 'a' });
    const path = join(directory, 'journal.key');
    expect(warnings).toEqual([
      `made a journal key in ${path}; with JOURNAL_KEY it would not lie beside the records`,
    ]);
    expect(await readFile(path, 'utf8')).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
  });

  it('says that others can read the key', async () => {
    const directory = await temporaryFolder();
    const warnings: string[] = [];
    await (await open(directory, { key: null })).release();
    const path = join(directory, 'journal.key');
    await chmod(path, 0o640);
    await open(directory, { key: null, onWarning: (message) => warnings.push(message) });

    expect(warnings).toEqual([`others than its owner can read ${path}: chmod 600 it`]);
  });

  it('does not start with a key that is no key', async () => {
    const directory = await temporaryFolder();
    await writeFile(join(directory, 'journal.key'), 'half a k');

    expect(await tryOpen(directory, { key: null })).toMatchObject({
      ok: false,
      problem: { reason: 'bad_key', remedy: 'restore the file from a copy, or set JOURNAL_KEY' },
    });
  });

  it('reads with the kept key what was written before JOURNAL_KEY was set', async () => {
    const directory = await temporaryFolder();
    const first = await open(directory, { key: null });
    await answer(first, 'token-1', 'a');
    await first.release();

    const second = await open(directory, { key: keyOf('n') });
    expect(second.refusal()).toBeNull();
    expect(summary(second.entries)).toEqual({ 'token-1': 'a' });
  });
});

describe('a journal whose key was changed', () => {
  async function rotated() {
    const directory = await temporaryFolder();
    const first = await open(directory, { key: keyOf('a') });
    await answer(first, 'token-1', 'a');
    await send(first, 'token-2');
    await first.release();
    return directory;
  }

  it('is read with the former one, which stays good for its entries', async () => {
    const journal = await open(await rotated(), { key: keyOf('b'), oldKeys: [keyOf('a')] });

    expect(journal.refusal()).toBeNull();
    expect(summary(journal.entries)).toEqual({ 'token-1': 'a', 'token-2': 'sent' });
    const sent = journal.entries.find(({ state }) => state === 'sent')!;
    expect(journal.matches(sent, 'used-token-2')).toBe(true);
    const late = { status: 200, headers: {}, body: Buffer.from('late') };
    expect(await journal.recordAnswer(sent.entryId, late, new Date(0))).toEqual({ ok: true });
  });

  it('refuses new work without it, says what to do, and keeps the records', async () => {
    const directory = await rotated();
    const journal = await open(directory, { key: keyOf('b') });
    const problem = {
      reason: 'unreadable_key',
      message: `2 records of the journal in ${directory} can't be read with these keys`,
      remedy:
        'set JOURNAL_KEYS_OLD to the former JOURNAL_KEY (or restore journal.key); if it is lost, give the records up with: journal abandon',
    };
    expect(journal.entries).toEqual([]);
    expect(journal.refusal()).toEqual(problem);
    const request = { provider: 'p', tokenId: 't', refreshToken: 'r' };
    expect(await journal.recordSent([request], new Date(0))).toEqual({ ok: false, problem });
    await journal.release();

    const again = await open(directory, { key: keyOf('b'), oldKeys: [keyOf('a')] });
    expect(summary(again.entries)).toEqual({ 'token-1': 'a', 'token-2': 'sent' });
  });

  it('still gives back what it can read', async () => {
    const directory = await rotated();
    const second = await open(directory, { key: keyOf('b'), oldKeys: [keyOf('a')] });
    await answer(second, 'token-3', 'b');
    await second.release();

    const journal = await open(directory, { key: keyOf('b') });

    expect(summary(journal.entries)).toEqual({ 'token-3': 'b' });
    expect(journal.refusal()?.reason).toBe('unreadable_key');
  });

  it('works again once the records are abandoned, and keeps a copy of each', async () => {
    const directory = await rotated();
    const journal = await open(directory, { key: keyOf('b') });

    const abandoned = await journal.abandonLocked();
    const copies = abandoned.ok ? abandoned.copies : [];

    expect(copies).toHaveLength(2);
    for (const copy of copies) {
      expect((await readFile(join(directory, copy))).includes('token-')).toBe(true);
    }
    expect(journal.refusal()).toBeNull();
    await send(journal, 'token-4');
    await journal.release();
    const again = await open(directory, { key: keyOf('b') });
    expect(again.refusal()).toBeNull();
    expect(summary(again.entries)).toEqual({ 'token-4': 'sent' });
  });

  it('tells a lost key file from an empty journal', async () => {
    const directory = await temporaryFolder();
    const first = await open(directory, { key: null });
    await answer(first, 'token-1', 'a');
    await first.release();
    await rm(join(directory, 'journal.key'));

    const journal = await open(directory, { key: null });

    expect(journal.refusal()).toMatchObject({ reason: 'unreadable_key' });
  });
});
