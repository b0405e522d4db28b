import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Journal } from '../../../src/refresh/journal/journal.js';
import { answerWith, at, open, send, temporaryFolder } from './journal-folder.js';
import { bodyOf, JournalOracle } from './journal-oracle.js';
import { recordDisk, replayDisk, type RecordedDisk } from './recorded-disk.js';

/** How many moments are tried: `JOURNAL_THOROUGHNESS=10 npm test -- test/refresh/journal`. */
const losses = 20 * Number(process.env['JOURNAL_THOROUGHNESS'] ?? 1);

async function write(journal: Journal, writer: number, say: (line: string) => void) {
  for (let count = 0; count < 12; count += 1) {
    const tokenId = `token-${writer}-${count}`;
    const entryId = await send(journal, tokenId);
    say(`sent ${entryId} ${tokenId}`);
    const raw = { ...answerWith(''), body: bodyOf(tokenId) };
    await journal.recordAnswer(entryId, raw, at('10:00:01'));
    say(`answered ${entryId} ${tokenId}`);
    if (count % 4 === 0) continue;
    say(`forgetting ${entryId} ${tokenId}`);
    journal.forget(entryId);
  }
}

/** The files before, and what happened to them while eight writers were at work. */
async function recordWriters(): Promise<{ before: string; disk: RecordedDisk }> {
  const folder = await temporaryFolder();
  const [directory, before] = [join(folder, 'journal'), join(folder, 'before')];
  const journal = await open(directory);
  await send(journal, 'token-before');
  await cp(directory, before, { recursive: true });
  const disk = await recordDisk(directory);
  await Promise.all(Array.from({ length: 8 }, (_, writer) => write(journal, writer, disk.say)));
  await journal.release();
  disk.stop();
  return { before, disk };
}

/** What was acknowledged before a random moment and is lost if the power fails then. */
async function findLost(before: string, disk: RecordedDisk, honest: boolean): Promise<string[]> {
  const directory = join(await temporaryFolder(), 'journal');
  await cp(before, directory, { recursive: true });
  const events = disk.events.slice(0, Math.floor(Math.random() * (disk.events.length + 1)));
  await replayDisk(directory, events, { honest });

  const oracle = new JournalOracle();
  for (const event of events) if (event.kind === 'said') oracle.hear(event.line);
  const journal = await open(directory);
  expect(journal.entries.map(({ tokenId }) => tokenId)).toContain('token-before');
  await journal.release();
  return oracle.findLost(journal.entries);
}

describe('a power loss while eight writers are at work', { timeout: 120_000 }, () => {
  it(`loses nothing that was acknowledged, at ${losses} random moments`, async () => {
    const { before, disk } = await recordWriters();
    expect(disk.raced()).toBe(false);
    for (let count = 0; count < losses; count += 1) {
      expect(await findLost(before, disk, true)).toEqual([]);
    }
  });

  it('would be found out on a disk that does not flush', async () => {
    const { before, disk } = await recordWriters();
    const lost: string[] = [];
    for (let count = 0; count < 10; count += 1) {
      lost.push(...(await findLost(before, disk, false)));
    }
    expect(lost.length).toBeGreaterThan(0);
  });
});
