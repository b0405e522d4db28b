import { plural } from '../config/plural.js';
import type { TokenMemory } from '../store/token-memory.js';
import type { ConnectedEffects } from './connect-effects.js';
import type { Journal, JournalEntry as StoredEntry } from './journal/journal.js';
import type { Persist } from './persist.js';
import type { RefreshOutcome } from './refresh-outcome.js';
import { applyAnswer } from './refresh-token.js';
import type { JournalEntry } from './refresh-token.js';
import type { SetAside, StoringWatch } from './set-aside.js';

export interface RecoveryParts {
  readonly provider: string;
  readonly journal: Journal;
  readonly connected: ConnectedEffects;
  readonly persist: Persist;
  readonly aside: SetAside;
  /** Sends a request once more. */
  readonly refresh: (memory: TokenMemory, isCanary: boolean, watch: StoringWatch) => Promise<void>;
  /** Remembers an outcome, closes the claim, forgets the entry. */
  readonly finish: (
    memory: TokenMemory,
    outcome: RefreshOutcome,
    entry: JournalEntry | null,
    startedAtMs: number,
  ) => Promise<void>;
  readonly monotonicMs: () => number;
  readonly stopping: AbortSignal;
  readonly onTrouble: (message: string, error: unknown) => void;
}

/** Works off the journal and the claims of an earlier life of it. */
export type Recover = (
  claims: readonly TokenMemory[],
  found: readonly StoredEntry[],
) => Promise<void>;

/** Builds what a start does before its first claim. */
export function createRecovery(parts: RecoveryParts): Recover {
  const { provider, journal, connected, persist, aside, refresh, finish } = parts;
  const { effectsFor, entryOf, readRow, noteRepeated } = connected;

  /**
   * Answers come before requests without one: of a request that was repeated after an earlier
   * crash the answer may be here beside the first attempt, and must not be asked for once more.
   * What can't be stored is set aside, and keeps only the later entries of its own token waiting.
   */
  async function recover(
    claims: readonly TokenMemory[],
    found: readonly StoredEntry[],
  ): Promise<void> {
    const entries = found.filter((entry) => entry.provider === provider);
    // The oldest come first: of several entries of a token the claim is that of the newest.
    const newest = new Map(entries.map(({ tokenId, entryId }) => [tokenId, entryId]));
    const claimed = new Map(claims.map((memory) => [memory.tokenId, memory]));
    const isAnswered = ({ state }: StoredEntry) => state === 'answered';
    const ordered = [
      ...entries.filter(isAnswered),
      ...entries.filter((entry) => !isAnswered(entry)),
    ];
    for (const tokenId of new Set(ordered.map((entry) => entry.tokenId))) {
      if (parts.stopping.aborted) return;
      const own = ordered.filter((entry) => entry.tokenId === tokenId);
      await aside.run(async (watch) => {
        for (const entry of own) {
          const memory = newest.get(tokenId) === entry.entryId ? claimed.get(tokenId) : undefined;
          await persist('the journal could not be worked off yet', async () => {
            await recoverEntry(entry, memory ?? null, watch);
            return true;
          });
        }
      });
    }
    const unsent = claims.filter(({ tokenId }) => !newest.has(tokenId));
    if (unsent.length > 0 && journal.refusal() !== null) {
      parts.onTrouble(
        `${plural(unsent.length, 'claim is', 'claims are')} kept: what was sent for them may be in the records that can't be read`,
        null,
      );
      return;
    }
    for (const memory of unsent) {
      await finish(memory, { kind: 'released', because: 'unsent' }, null, parts.monotonicMs());
    }
  }

  /**
   * An answer is applied as if it had just come. A request without an answer is repeated at once
   * where the row still holds what was sent: it is the best that can be done, since a server with
   * a grace period answers it, and waiting only makes it worse.
   */
  async function recoverEntry(
    entry: StoredEntry,
    memory: TokenMemory | null,
    watch: StoringWatch,
  ): Promise<void> {
    const startedAtMs = parts.monotonicMs();
    const { tokenId } = entry;
    const { row, atMs } = await readRow(tokenId);
    const settledAtMs = () => atMs + parts.monotonicMs() - startedAtMs;
    const token = row?.refreshToken ?? null;
    const used = token !== null && journal.matches(entry, token) ? token : null;

    if (entry.state === 'answered') {
      const answeredAtMs = memory?.claimedAtMs ?? entry.sentAt.getTime();
      const { answer } = entry;
      const outcome = await applyAnswer(
        { tokenId, used, answer, answeredAtMs, settledAtMs, recovered: true },
        effectsFor(false, watch),
      );
      // Not stored: it stays in the journal, and its claim with it.
      if (outcome === null) return;
      if (memory !== null) {
        await finish(memory, outcome, entryOf(entry.entryId), startedAtMs);
        return;
      }
    } else if (memory !== null && used !== null) {
      noteRepeated(tokenId);
      // Also a canary and what a person asked for, which were not due.
      await refresh(memory, true, watch);
    } else if (memory !== null) {
      const outcome = { kind: 'superseded', atMs: settledAtMs() } as const;
      await finish(memory, outcome, entryOf(entry.entryId), startedAtMs);
      return;
    }
    journal.forget(entry.entryId);
  }

  return recover;
}
