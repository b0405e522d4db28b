import type { TokenMemory } from '../store/token-memory.js';
import type { CronKnowledge } from '../store/cron-knowledge.js';
import type { ProviderPause } from './provider-pause.js';

/** What the exporter remembered when a poll was assessed. */
export interface Memories {
  /** Why the memory could not be used; null when it could. */
  readonly problem: string | null;
  /** By provider; one whose memory can't be read has none. */
  readonly providers: ReadonlyMap<string, ProviderMemory>;
  /** Journals that hold claims and whose owner does not answer. */
  readonly silentJournals: readonly SilentJournal[];
  /** null: nothing is remembered of cron jobs, or it could not be read. */
  readonly cron: CronKnowledge | null;
}

export interface ProviderMemory {
  readonly tokens: ReadonlyMap<string, TokenMemory>;
  /** What holds the provider's refreshes back now. */
  readonly pauses: readonly ProviderPause[];
}

/** A journal that holds claims while nothing is heard of its owner. */
export interface SilentJournal {
  readonly journalId: string;
  readonly host: string | null;
  /** How long its heartbeat has stood still during successful polls of ours. */
  readonly unseenMs: number;
  readonly claims: number;
}

/** Where there is no memory. */
export const nothingRemembered: Memories = {
  problem: null,
  providers: new Map(),
  silentJournals: [],
  cron: null,
};
