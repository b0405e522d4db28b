import type { Pool } from 'pg';
import type { Memories, ProviderMemory } from './assess/memories.js';
import { findTokenChanges } from './assess/token-changes.js';
import type { Log } from './log.js';
import type { Observation } from './observe/observe.js';
import { createJournalObserver } from './refresh/observe-journals.js';
import { openState } from './store/open-state.js';
import { pruneLedger } from './store/prune-ledger.js';
import type { ChangeEvent } from './store/record-changes.js';
import { rememberRows } from './store/remember-rows.js';

/** The exporter's memory, as the polls use it: whatever goes wrong with it, polling goes on. */
export interface Memory {
  /** Whether it could be used when last tried; true before that. */
  readonly isUsable: () => boolean;
  /** Takes over what a poll saw; empty where the memory can't be used. */
  readonly remember: (observation: Observation) => Promise<Memories>;
  /** Deletes what is older than the retention. Says whether that worked. */
  readonly prune: (retentionMs: number) => Promise<boolean>;
}

/** `onEvents` hears what this replica was the first to notice. */
export function createMemory(
  pool: Pool,
  log: Log,
  onEvents: (provider: string, events: readonly ChangeEvent[]) => void,
  pollIntervalMs: number,
): Memory {
  const state = openState(pool);
  const journals = createJournalObserver(pool, pollIntervalMs);
  let problem: string | null = null;

  return {
    isUsable: () => problem === null,
    async remember(observation) {
      const found = await state.ensureReady();
      if (found !== null && found !== problem) log.warn(found);
      problem = found;
      const providers = new Map<string, ProviderMemory>();
      const memories: Memories = { problem, providers, silentJournals: [] };
      if (problem !== null) return memories;
      for (const { name, tokens } of observation.providers) {
        const rows = tokens.known ? tokens.value.rows : null;
        if (rows === null) continue;
        try {
          const { memory, events } = await rememberRows(pool, name, observation.now, (before) =>
            findTokenChanges(before, rows, observation.now),
          );
          providers.set(name, { tokens: memory, pauses: [] });
          onEvents(name, events);
        } catch (error) {
          log.warn(`the memory of ${name} could not be used`, { error: messageOf(error) });
        }
      }
      try {
        return { ...memories, silentJournals: await journals.observe(observation.now) };
      } catch (error) {
        log.warn('the journals could not be observed', { error: messageOf(error) });
        return memories;
      }
    },
    async prune(retentionMs) {
      if (problem !== null) return true;
      try {
        await pruneLedger(pool, retentionMs);
        return true;
      } catch (error) {
        log.debug('the ledger could not be pruned yet', { error: messageOf(error) });
        return false;
      }
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
