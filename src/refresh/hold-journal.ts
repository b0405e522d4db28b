import { hostname } from 'node:os';
import type { Pool } from 'pg';
import type { JournalConfig } from '../config/config.js';
import { noteJournalSeen } from '../store/journals.js';
import { parseJournalKey } from './journal/journal-key.js';
import type { JournalKey } from './journal/journal-key.js';
import type { JournalProblem } from './journal/journal-problem.js';
import { openJournal } from './journal/open-journal.js';
import type { OpenedJournal } from './journal/open-journal.js';

/** How often the owner of a journal says that it lives; others wait for many of these. */
const heartbeatMs = 30_000;

/** A journal that this process holds, and what an earlier life left in it. */
export type TakenJournal = Extract<OpenedJournal, { ok: true }>;

export interface JournalHolderParts {
  readonly config: JournalConfig;
  readonly statePool: Pool;
  /** The journal can't be used, and why; null: it can. */
  readonly onJournal: (problem: string | null) => void;
  readonly onWarning: (message: string) => void;
}

/** The journal of this process, taken when it is first needed and held until the end. */
export interface JournalHolder {
  /**
   * Takes it and says in the memory that its owner lives; null: it can't be had yet. Rejects when
   * that can't be said: whoever watches might be taking its claims over at this moment.
   */
  readonly take: () => Promise<TakenJournal | null>;
  /** null: it is not taken. */
  readonly id: () => string | null;
  /** Looks whether it can still be used: its disk fills up, or somebody deletes it. */
  readonly check: () => Promise<void>;
  readonly release: () => Promise<void>;
}

/** Holds the journal, with a heartbeat that does not depend on polls. */
export function createJournalHolder(parts: JournalHolderParts): JournalHolder {
  const { directory, key, oldKeys } = parts.config;
  let taken: TakenJournal | null = null;
  let opening: Promise<TakenJournal | null> | null = null;
  let heartbeat: NodeJS.Timeout | null = null;

  const noteSeen = async (): Promise<void> => {
    if (taken !== null) await noteJournalSeen(parts.statePool, taken.journal.id, hostname());
  };

  const tell = (problem: JournalProblem | null): void => {
    parts.onJournal(problem === null ? null : `${problem.message}; ${problem.remedy}`);
  };

  const open = async (): Promise<TakenJournal | null> => {
    const opened = await openJournal({
      directory,
      key: (key === null ? [] : readKeys([key]))[0] ?? null,
      oldKeys: readKeys(oldKeys),
      onWarning: parts.onWarning,
    });
    tell(opened.ok ? opened.journal.refusal() : opened.problem);
    return opened.ok ? opened : null;
  };

  return {
    id: () => taken?.journal.id ?? null,
    async take() {
      if (taken === null) {
        // Several providers may want it at the same moment.
        opening ??= open().finally(() => {
          opening = null;
        });
        taken = await opening;
      }
      await noteSeen();
      if (taken !== null) {
        heartbeat ??= setInterval(() => {
          noteSeen().catch((error: unknown) => {
            const message = error instanceof Error ? error.message : String(error);
            parts.onWarning(`the journal could not be shown to be in use: ${message}`);
          });
        }, heartbeatMs);
      }
      return taken;
    },
    async check() {
      if (taken !== null) tell(await taken.journal.probe());
    },
    async release() {
      if (heartbeat !== null) clearInterval(heartbeat);
      await taken?.journal.release();
    },
  };
}

/** Keys that the configuration has already checked. */
function readKeys(texts: readonly string[]): JournalKey[] {
  return texts.flatMap((text) => {
    const parsed = parseJournalKey(text, 'the journal key');
    return parsed.ok ? [parsed.key] : [];
  });
}
