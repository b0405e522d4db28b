import { resolve } from 'node:path';
import type { JournalConfig } from '../config/config.js';
import { readJournalId } from '../refresh/journal/journal-files.js';
import { parseJournalKey } from '../refresh/journal/journal-key.js';
import type { JournalKey } from '../refresh/journal/journal-key.js';
import { openJournal } from '../refresh/journal/open-journal.js';

export type GivenUp =
  /** `copies`: files that keep the records whose key is lost. */
  | { readonly ok: true; readonly copies: readonly string[] }
  | { readonly ok: false; readonly problem: string };

/**
 * Where the journal that is given up is the one on this machine: sees that nothing readable is
 * lost by it, and moves the records whose key is lost out of the way.
 */
export async function giveUpLocalJournal(
  { directory, key, oldKeys }: JournalConfig,
  journalId: string,
): Promise<GivenUp> {
  const isLocal = (await readJournalId(resolve(directory)).catch(() => null)) === journalId;
  if (!isLocal) return { ok: true, copies: [] };
  const opened = await openJournal({
    directory,
    key: readKeys(key === null ? [] : [key])[0] ?? null,
    oldKeys: readKeys(oldKeys),
    onWarning: () => undefined,
  });
  if (!opened.ok) {
    return { ok: false, problem: `${opened.problem.message}; ${opened.problem.remedy}` };
  }
  const { journal, entries } = opened;
  try {
    if (entries.length > 0) {
      const count = entries.length === 1 ? '1 record' : `${String(entries.length)} records`;
      return {
        ok: false,
        problem: `this journal is in ${directory} and holds ${count} that can be read: start serve, which works them off`,
      };
    }
    if (journal.refusal()?.reason !== 'unreadable_key') return { ok: true, copies: [] };
    const abandoned = await journal.abandonLocked();
    return abandoned.ok
      ? abandoned
      : { ok: false, problem: `${abandoned.problem.message}; ${abandoned.problem.remedy}` };
  } finally {
    await journal.release();
  }
}

function readKeys(texts: readonly string[]): JournalKey[] {
  return texts.flatMap((text) => {
    const parsed = parseJournalKey(text, 'the journal key');
    return parsed.ok ? [parsed.key] : [];
  });
}
