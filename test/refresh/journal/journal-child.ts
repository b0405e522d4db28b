/**
 * A process that uses a journal, for tests that kill it. Each line it writes is written before
 * the next step begins.
 *
 * `journal-child DIRECTORY hold`: on `open` it opens the journal and says `open`, or the reason
 * why it could not; on `release` it releases it.
 * `journal-child DIRECTORY write`: opens it and records until it is killed, with several writers.
 * `journal-child DIRECTORY careless`: as `write`, but acknowledges an answer before it is recorded.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Journal } from '../../../src/refresh/journal/journal.js';
import { parseJournalKey } from '../../../src/refresh/journal/journal-key.js';
import { openJournal } from '../../../src/refresh/journal/open-journal.js';
import { bodyOf } from './journal-oracle.js';

const [directory = '', mode = ''] = process.argv.slice(2);
const key = parseJournalKey(Buffer.alloc(32, 'k').toString('base64'), 'JOURNAL_KEY');

/** `process.stdout` would buffer: what it took may be lost in a kill. */
const say = (line: string) => writeSync(1, `${line}\n`);

async function open(): Promise<Journal | null> {
  const opened = await openJournal({
    directory,
    key: key.ok ? key.key : null,
    oldKeys: [],
    onWarning: (message) => say(`warning ${message}`),
  });
  say(opened.ok ? 'open' : opened.problem.reason);
  return opened.ok ? opened.journal : null;
}

async function write(journal: Journal, writer: number): Promise<void> {
  for (let count = 0; ; count += 1) {
    const tokenId = `token-${process.pid}-${writer}-${count}`;
    const request = { provider: 'fathom', tokenId, refreshToken: `used-${tokenId}` };
    const sent = await journal.recordSent([request], new Date());
    const entryId = sent.ok ? sent.entryIds[0]! : '';
    say(`sent ${entryId} ${tokenId}`);
    const answer = { status: 200, headers: {}, body: bodyOf(tokenId) };
    const recorded = journal.recordAnswer(entryId, answer, new Date());
    if (mode !== 'careless') await recorded;
    say(`answered ${entryId} ${tokenId}`);
    await recorded;
    // Some stay open, as after a failed store.
    if (count % 5 === 0) continue;
    say(`forgetting ${entryId} ${tokenId}`);
    journal.forget(entryId);
  }
}

if (mode === 'hold') {
  say('ready');
  let journal: Journal | null = null;
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'open') journal = await open();
    else {
      await journal?.release();
      say('released');
    }
  }
} else {
  const journal = await open();
  if (journal) await Promise.all(Array.from({ length: 8 }, (_, writer) => write(journal, writer)));
}
