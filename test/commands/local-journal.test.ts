import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { giveUpLocalJournal } from '../../src/commands/local-journal.js';
import { parseJournalKey } from '../../src/refresh/journal/journal-key.js';
import { openJournal } from '../../src/refresh/journal/open-journal.js';

const newKey = () => randomBytes(32).toString('base64');
const key = newKey();

let folder: string;
let directory: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-test-'));
  directory = join(folder, 'journal');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function open() {
  const parsed = parseJournalKey(key, 'key');
  if (!parsed.ok) throw new Error('no key');
  const opened = await openJournal({
    directory,
    key: parsed.key,
    oldKeys: [],
    onWarning: () => undefined,
  });
  if (!opened.ok) throw new Error(opened.problem.message);
  return opened.journal;
}

/** A journal that ended while a request was out; answers with its id. */
async function leaveRecord(): Promise<string> {
  const journal = await open();
  const request = { provider: 'fathom', tokenId: 'a', refreshToken: 'of no server' };
  await journal.recordSent([request], new Date());
  await journal.release();
  return journal.id;
}

const giveUp = (journalId: string, currentKey: string) =>
  giveUpLocalJournal({ directory, key: currentKey, oldKeys: [] }, journalId);

describe('giving up the journal of this machine', () => {
  it('refuses while it holds records that can be read', async () => {
    const given = await giveUp(await leaveRecord(), key);
    expect(given).toMatchObject({ ok: false });
    expect(given.ok ? '' : given.problem).toMatch(/holds 1 record that can be read: start serve/);
  });

  it('moves records whose key is lost to files of their own, after which it works again', async () => {
    const id = await leaveRecord();
    const lostTheKey = newKey();
    const given = await giveUp(id, lostTheKey);
    expect(given.ok && given.copies.length).toBe(1);
    expect(await readdir(directory)).toEqual(
      expect.arrayContaining(given.ok ? [...given.copies] : []),
    );
    expect(await giveUp(id, lostTheKey)).toEqual({ ok: true, copies: [] });
  });

  it('refuses while another process holds it', async () => {
    const journal = await open();
    const given = await giveUp(journal.id, key);
    expect(given.ok ? '' : given.problem).toMatch(/is held by/);
    await journal.release();
  });

  it('leaves the journal of this machine alone when another one is given up', async () => {
    await leaveRecord();
    expect(await giveUp(randomUUID(), key)).toEqual({ ok: true, copies: [] });
  });
});
