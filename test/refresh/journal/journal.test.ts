import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  answer,
  answerWith,
  at,
  everyByte,
  open,
  send,
  summary,
  temporaryFolder,
} from './journal-folder.js';

const segments = async (directory: string, shape: 'usual' | 'long') =>
  (await readdir(directory)).filter((name) => name.includes(`-${shape}-`));

describe('a journal', () => {
  it('gives back an answer as it came, after another process opened it', async () => {
    const directory = await temporaryFolder();
    const before = await open(directory);
    const entryId = await send(before, 'token-1');
    const raw = {
      status: 200,
      headers: { 'content-type': 'application/json', 'retry-after': '5' },
      body: Buffer.from([0, 10, 13, 255, 123, 10]),
    };
    expect(await before.recordAnswer(entryId, raw, at('10:00:01.250'))).toEqual({ ok: true });
    await before.release();

    const { entries, damages } = await open(directory);

    expect(damages).toEqual([]);
    expect(entries).toEqual([
      {
        state: 'answered',
        entryId,
        provider: 'fathom',
        tokenId: 'token-1',
        sentAt: at('10:00:00'),
        refreshTokenHash: expect.any(String) as string,
        keyId: expect.any(String) as string,
        answer: raw,
        receivedAt: at('10:00:01.250'),
      },
    ]);
  });

  it('keeps a request without answer, and takes its answer later', async () => {
    const directory = await temporaryFolder();
    const first = await open(directory);
    const entryId = await send(first, 'token-1');
    await first.release();

    const second = await open(directory);
    expect(summary(second.entries)).toEqual({ 'token-1': 'sent' });
    await second.recordAnswer(entryId, answerWith('late'), at('10:02:00'));
    await second.release();

    expect(summary((await open(directory)).entries)).toEqual({ 'token-1': 'late' });
  });

  it('recognises the refresh token that was used, and no other', async () => {
    const directory = await temporaryFolder();
    const first = await open(directory);
    await send(first, 'token-1');
    await first.release();

    const journal = await open(directory);

    expect(journal.matches(journal.entries[0]!, 'used-token-1')).toBe(true);
    expect(journal.matches(journal.entries[0]!, 'used-token-2')).toBe(false);
  });

  it('forgets what it is told to and nothing else', async () => {
    const directory = await temporaryFolder();
    const first = await open(directory);
    const stored = await answer(first, 'stored', 'a');
    await answer(first, 'open', 'b');
    first.forget(stored);
    await first.release();

    expect(summary((await open(directory)).entries)).toEqual({ open: 'b' });
  });

  it('does not give the answer of a former entry to the next one in its place', async () => {
    const directory = await temporaryFolder();
    const first = await open(directory);
    first.forget(await answer(first, 'former', 'of the former'));
    await first.release();
    const second = await open(directory);
    await send(second, 'next');
    await second.release();

    expect(summary((await open(directory)).entries)).toEqual({ next: 'sent' });
  });

  it('records requests of one batch under ids in their order, the oldest batch first', async () => {
    const directory = await temporaryFolder();
    const first = await open(directory);
    const request = (tokenId: string) => ({ provider: 'p', tokenId, refreshToken: 'r' });
    const later = await first.recordSent([request('c')], at('10:00:05'));
    const batch = await first.recordSent([request('a'), request('b')], at('10:00:00'));
    await first.release();

    const { entries } = await open(directory);

    expect(later.ok).toBe(true);
    expect(batch).toEqual({ ok: true, entryIds: entries.slice(0, 2).map((e) => e.entryId) });
    expect(entries.map(({ tokenId }) => tokenId)).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['the longest that fits its own place', 27_000],
    ['one that has to move', 28_000],
    ['the longest that is listened to', 1024 * 1024],
  ])('keeps a long answer: %s', async (_, length) => {
    const directory = await temporaryFolder();
    const first = await open(directory);
    await answer(first, 'short', 'short');
    await answer(first, 'long', 'x'.repeat(length));
    await first.release();

    const second = await open(directory);
    expect(summary(second.entries)).toEqual({ short: 'short', long: 'x'.repeat(length) });
    for (const { entryId } of second.entries) second.forget(entryId);
    await second.release();

    expect((await open(directory)).entries).toEqual([]);
  });

  it('says that an answer is too large, and still takes a shorter one', async () => {
    const journal = await open(await temporaryFolder());
    const entryId = await send(journal, 'token-1');

    const recorded = await journal.recordAnswer(
      entryId,
      answerWith('x'.repeat(1_100_000)),
      at('10:00:01'),
    );

    expect(recorded).toMatchObject({
      ok: false,
      problem: {
        reason: 'too_large',
        message: 'an answer of 1100000 bytes is too large for the journal',
      },
    });
    expect(await journal.recordAnswer(entryId, answerWith('short'), at('10:00:02'))).toEqual({
      ok: true,
    });
  });

  it('says that a token id is too long, and records nothing of its batch', async () => {
    const directory = await temporaryFolder();
    const journal = await open(directory);
    const request = { provider: 'p', tokenId: 'ok', refreshToken: 'r' };

    const recorded = await journal.recordSent(
      [request, { ...request, tokenId: 'x'.repeat(600) }],
      at('10:00:00'),
    );

    expect(recorded).toMatchObject({ ok: false, problem: { reason: 'too_large' } });
    await journal.release();
    expect((await open(directory)).entries).toEqual([]);
  });

  it('refuses an answer to what was never sent, and a second answer', async () => {
    const journal = await open(await temporaryFolder());
    const entryId = await answer(journal, 'token-1', 'a');

    const again = journal.recordAnswer(entryId, answerWith('b'), at('10:00:02'));
    await expect(again).rejects.toThrow('has an answer');
    const unknown = journal.recordAnswer('unknown', answerWith('b'), at('10:00:02'));
    await expect(unknown).rejects.toThrow('is not open');
  });

  it('takes nothing any more once it was released', async () => {
    const journal = await open(await temporaryFolder());
    await journal.release();

    const request = { provider: 'p', tokenId: 't', refreshToken: 'r' };
    expect(await journal.recordSent([request], at('10:00:00'))).toMatchObject({
      ok: false,
      problem: { reason: 'failed' },
    });
  });

  it('is the same journal whenever it is opened', async () => {
    const directory = await temporaryFolder();
    const first = await open(directory);
    await first.release();

    expect((await open(directory)).id).toBe(first.id);
  });

  it('loses none of 500 entries that were written at once', async () => {
    const directory = await temporaryFolder();
    const first = await open(directory);
    const ids = Array.from({ length: 500 }, (_, index) => `token-${index}`);
    await Promise.all(ids.map((id) => answer(first, id, `answer to ${id}`)));
    await first.release();

    const expected = Object.fromEntries(ids.map((id) => [id, `answer to ${id}`]));
    expect(summary((await open(directory)).entries)).toEqual(expected);
  });

  it('gives disk space back when entries are forgotten', async () => {
    const directory = await temporaryFolder();
    const journal = await open(directory);
    const bodies = Array.from({ length: 260 }, (_, index) => 'x'.repeat(index < 7 ? 30_000 : 1));
    const entryIds = await Promise.all(
      bodies.map((body, index) => answer(journal, `token-${index}`, body)),
    );
    expect((await segments(directory, 'usual')).length).toBeGreaterThanOrEqual(3);
    expect((await segments(directory, 'long')).length).toBeGreaterThanOrEqual(7);

    entryIds.forEach(journal.forget);
    await journal.release();
    const again = await open(directory);

    expect(again.entries).toEqual([]);
    expect(await segments(directory, 'usual')).toHaveLength(1);
    expect(await segments(directory, 'long')).toHaveLength(1);
  });

  it('needs no more space for many entries one after the other than for one', async () => {
    const directory = await temporaryFolder();
    const journal = await open(directory);
    for (let index = 0; index < 200; index += 1) {
      journal.forget(await answer(journal, `token-${index}`, 'x'));
    }

    expect(await segments(directory, 'usual')).toHaveLength(1);
  });

  it('holds no secret in clear, and is for its owner only', async () => {
    const directory = join(await temporaryFolder(), 'made');
    const warnings: string[] = [];
    const journal = await open(directory, {
      key: null,
      onWarning: (message) => warnings.push(message),
    });
    const request = { provider: 'fathom', tokenId: 'token-1', refreshToken: 'planted-refresh' };
    const sent = await journal.recordSent([request], at('10:00:00'));
    const body = '{"access_token":"planted-access","refresh_token":"planted-rotated"}';
    await journal.recordAnswer(
      sent.ok ? sent.entryIds[0]! : '',
      { status: 200, headers: { 'content-type': 'planted-header' }, body: Buffer.from(body) },
      at('10:00:01'),
    );
    await answer(journal, 'token-2', `planted-long${'x'.repeat(50_000)}`);

    const bytes = await everyByte(directory);
    expect(bytes.includes('token-1')).toBe(true);
    const secrets = [
      Buffer.from('planted'),
      Buffer.from(Buffer.from('planted').toString('base64')),
    ];
    for (const secret of secrets) expect(bytes.includes(secret)).toBe(false);
    expect(warnings.join('\n')).not.toContain('planted');

    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(directory)) {
      expect((await stat(join(directory, name))).mode & 0o777, name).toBe(0o600);
    }
  });
});
