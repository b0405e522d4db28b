import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { createJournal, type OpenEntry } from './create-journal.js';
import { lockDirectory } from './directory-lock.js';
import { createGroupCommit } from './group-commit.js';
import type { Journal, JournalEntry } from './journal.js';
import {
  ensureDirectory,
  isNewerFormat,
  isNewJournal,
  readJournalId,
  removeUnfinished,
  setAside,
  shapes,
  writeJournalId,
} from './journal-files.js';
import type { JournalKey } from './journal-key.js';
import { explainJournalError, newerFormat, type JournalProblem } from './journal-problem.js';
import { readJournalKeys } from './read-journal-keys.js';
import { readRecords, type FoundEntry } from './read-records.js';
import { createSlotPool, type JournalDamage, type Place, type SlotPool } from './slot-pool.js';

export interface JournalOptions {
  readonly directory: string;
  /** null: the one kept in the directory, made at first. */
  readonly key: JournalKey | null;
  /** Former keys, for reading. */
  readonly oldKeys: readonly JournalKey[];
  /** What a person should know; never holds a secret. */
  readonly onWarning: (message: string) => void;
}

export type OpenedJournal =
  | {
      readonly ok: true;
      readonly journal: Journal;
      /** What was open when the journal was last used, the oldest first. Holds secrets. */
      readonly entries: readonly JournalEntry[];
      /** What can't be read; every other record is in `entries`. */
      readonly damages: readonly JournalDamage[];
    }
  | { readonly ok: false; readonly problem: JournalProblem };

type Closing = () => unknown;

/**
 * Takes the journal in `directory` for this process alone, making it where there is none, and
 * reads what is in it.
 *
 * Existing entries can be worked off on a full disk. Damaged records are kept aside for a person
 * and reported; they keep nobody from the others.
 */
export async function openJournal(options: JournalOptions): Promise<OpenedJournal> {
  const directory = resolve(options.directory);
  const closings: Closing[] = [];
  const close = async () => {
    for (const closing of closings.splice(0).reverse()) await closing();
  };
  try {
    const opened = await open({ ...options, directory }, closings, close);
    if (!opened.ok) await close();
    return opened;
  } catch (error) {
    await close();
    return { ok: false, problem: explainJournalError(error, directory) };
  }
}

async function open(
  { directory, onWarning, ...options }: JournalOptions,
  closings: Closing[],
  close: () => Promise<void>,
): Promise<OpenedJournal> {
  await ensureDirectory(directory);
  const lock = await lockDirectory(directory);
  if (!lock.ok) return lock;
  closings.push(lock.release);
  if (await isNewerFormat(directory)) return { ok: false, problem: newerFormat(directory) };
  await removeUnfinished(directory);
  const isNew = await isNewJournal(directory);
  const opened = await readJournalKeys({ directory, onWarning, ...options });
  if (!opened.ok) return opened;
  const { key, keys } = opened;

  const damages: JournalDamage[] = [];
  const onDamage = (damage: JournalDamage) => {
    damages.push(damage);
    onWarning(damage.message);
  };
  const usual = createSlotPool(directory, shapes.usual, onDamage);
  const former = createSlotPool(directory, shapes.former, onDamage);
  const long = createSlotPool(directory, shapes.long, onDamage);
  closings.push(usual.close, former.close, long.close);

  const disk = createGroupCommit();
  const keepDamaged = (record: Place) => setAside(directory, record, 'damaged').catch(() => null);
  const found = await readRecords([usual, former, long], keys, keepDamaged, onDamage, disk.commit);

  const id = (await readJournalId(directory)) ?? (await replaceJournalId());
  const full = await makeRoom([usual, long], directory);
  if (full !== null && found.entries.length === 0) return { ok: false, problem: full };
  if (full !== null) onWarning(`${full.message}; ${full.remedy}`);
  const journal = createJournal({
    ...{ id, directory, key, keys, usual, long, disk, close, onWarning },
    isThere: lock.isThere,
    open: new Map(found.entries.map((entry) => [entry.sent.entryId, toOpenEntry(entry)])),
    locked: found.locked,
    setAside: (record) => setAside(directory, record, 'abandoned'),
  });
  return { ok: true, journal, entries: found.entries.map(toJournalEntry), damages };

  async function replaceJournalId(): Promise<string> {
    const [entry] = found.entries;
    const replacement = entry?.sent.journalId ?? randomUUID();
    await writeJournalId(directory, replacement);
    if (!isNew && entry === undefined) {
      onWarning(
        `the id of the journal in ${directory} was lost, it is ${replacement} now; claims under the former id wait for: journal abandon`,
      );
    }
    return replacement;
  }
}

/** Entries can be stored without more room; new ones can't come. */
async function makeRoom(
  pools: readonly SlotPool[],
  directory: string,
): Promise<JournalProblem | null> {
  try {
    for (const pool of pools) await pool.reserve();
    return null;
  } catch (error) {
    return explainJournalError(error, directory);
  }
}

function toOpenEntry({ sent, received, slots }: FoundEntry): OpenEntry {
  return { sent, slots: [...slots], answered: received !== null };
}

function toJournalEntry({ sent, received }: FoundEntry): JournalEntry {
  const { entryId, provider, tokenId, sentAtMs, refreshTokenHash, keyId } = sent;
  const sentAt = new Date(sentAtMs);
  const facts = { entryId, provider, tokenId, sentAt, refreshTokenHash, keyId };
  return received === null
    ? { state: 'sent', ...facts }
    : { state: 'answered', ...facts, ...received };
}
