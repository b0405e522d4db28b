/**
 * How many records a second the journal takes, beside a bare loop that writes the same bytes and
 * flushes after each: `npx tsx bench/journal.ts [directory on the disk to measure]`.
 *
 * A refresh takes two records: the request and its answer. Numbers of one run compare; those of
 * two machines do not.
 */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Journal } from '../src/refresh/journal/journal.js';
import { openJournal } from '../src/refresh/journal/open-journal.js';

const secondsEach = 3;
const body = Buffer.alloc(2_000, 'x');

const directory = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'journal-bench-'));
try {
  for (const writers of [1, 8, 16]) {
    // Right before each, as a machine is rarely alone with us.
    const bare = await bareLoop();
    report('bare write + fdatasync', bare, bare);
    report(
      `journal, ${writers} ${writers === 1 ? 'writer' : 'writers'}`,
      await journal(writers),
      bare,
    );
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}

function report(what: string, perSecond: number, bare: number): void {
  const ratio = (perSecond / bare).toFixed(2);
  console.log(`${what.padEnd(24)} ${perSecond.toFixed(0).padStart(7)} records/s  ${ratio} of bare`);
}

/** Runs `work` for a while and answers with how often a second it counted. */
async function measure(work: (isOver: () => boolean) => Promise<number>): Promise<number> {
  const start = performance.now();
  const count = await work(() => performance.now() - start > secondsEach * 1000);
  return (count * 1000) / (performance.now() - start);
}

async function bareLoop(): Promise<number> {
  const file = await open(join(directory, 'bare'), 'w');
  await file.write(Buffer.alloc(1024 * 1024));
  await file.sync();
  const perSecond = await measure(async (isOver) => {
    let count = 0;
    for (; !isOver(); count += 1) {
      await file.write(body, 0, body.length, (count % 32) * 32 * 1024);
      await file.datasync();
    }
    return count;
  });
  await file.close();
  return perSecond;
}

async function journal(writers: number): Promise<number> {
  const onWarning = () => undefined;
  const opened = await openJournal({ directory, key: null, oldKeys: [], onWarning });
  if (!opened.ok) throw new Error(opened.problem.message);
  const perSecond = await measure(async (isOver) => {
    const counts = await Promise.all(
      Array.from({ length: writers }, (_, writer) => write(opened.journal, writer, isOver)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  });
  await opened.journal.release();
  return perSecond;
}

async function write(journal: Journal, writer: number, isOver: () => boolean): Promise<number> {
  const request = { provider: 'bench', tokenId: `token-${writer}`, refreshToken: `used-${writer}` };
  const answer = { status: 200, headers: { 'content-type': 'application/json' }, body };
  let records = 0;
  while (!isOver()) {
    const sent = await journal.recordSent([request], new Date());
    const [entryId] = sent.ok ? sent.entryIds : [];
    if (entryId === undefined) throw new Error('nothing was recorded');
    const answered = await journal.recordAnswer(entryId, answer, new Date());
    if (!answered.ok) throw new Error(answered.problem.message);
    journal.forget(entryId);
    records += 2;
  }
  return records;
}
