import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Journal, JournalEntry } from '../../../src/refresh/journal/journal.js';
import { parseJournalKey, type JournalKey } from '../../../src/refresh/journal/journal-key.js';
import { openJournal, type OpenedJournal } from '../../../src/refresh/journal/open-journal.js';
import type { RawAnswer } from '../../../src/refresh/token-response.js';

export const at = (text: string) => new Date(`2025-11-28T${text}Z`);

/** A folder of the test's own, deleted afterwards. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'journal-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The same key for the same letter. */
export function keyOf(letter: string): JournalKey {
  const parsed = parseJournalKey(Buffer.alloc(32, letter).toString('base64'), 'JOURNAL_KEY');
  if (!parsed.ok) throw new Error(parsed.problem.message);
  return parsed.key;
}

interface OpenOptions {
  readonly key?: JournalKey | null;
  readonly oldKeys?: readonly JournalKey[];
  readonly onWarning?: (message: string) => void;
}

export function tryOpen(directory: string, options: OpenOptions = {}): Promise<OpenedJournal> {
  return openJournal({
    directory,
    key: keyOf('k'),
    oldKeys: [],
    onWarning: () => undefined,
    ...options,
  });
}

type Opened = Journal & Pick<Extract<OpenedJournal, { ok: true }>, 'entries' | 'damages'>;

/** Opens the journal; the test may release it earlier. */
export async function open(directory: string, options: OpenOptions = {}): Promise<Opened> {
  const opened = await tryOpen(directory, options);
  if (!opened.ok) throw new Error(`${opened.problem.reason}: ${opened.problem.message}`);
  const { journal, entries, damages } = opened;
  let released: Promise<void> | null = null;
  const release = () => (released ??= journal.release());
  onTestFinished(release);
  return { ...journal, entries, damages, release };
}

/** Records a request for `tokenId`, with the refresh token `used-<tokenId>`. */
export async function send(journal: Journal, tokenId: string): Promise<string> {
  const request = { provider: 'fathom', tokenId, refreshToken: `used-${tokenId}` };
  const recorded = await journal.recordSent([request], at('10:00:00'));
  if (!recorded.ok) throw new Error(recorded.problem.message);
  return recorded.entryIds[0]!;
}

export function answerWith(body: string): RawAnswer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(body) };
}

/** Records a request and its answer. */
export async function answer(journal: Journal, tokenId: string, body: string): Promise<string> {
  const entryId = await send(journal, tokenId);
  const recorded = await journal.recordAnswer(entryId, answerWith(body), at('10:00:01'));
  if (!recorded.ok) throw new Error(recorded.problem.message);
  return entryId;
}

/** What an entry is about: `sent` or the answer's body, by token id. */
export function summary(entries: readonly JournalEntry[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => [
      entry.tokenId,
      entry.state === 'sent' ? 'sent' : entry.answer.body.toString(),
    ]),
  );
}

/** Every byte of every file in a folder. */
export async function everyByte(directory: string): Promise<Buffer> {
  const names = await readdir(directory);
  return Buffer.concat(await Promise.all(names.map((name) => readFile(join(directory, name)))));
}
