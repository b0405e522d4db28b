import type { Pool } from 'pg';
import { learnCron } from './assess/cron-knowledge.js';
import type { Memories, ProviderMemory } from './assess/memories.js';
import { findTokenChanges } from './assess/token-changes.js';
import type { Log } from './log.js';
import type { Observation } from './observe/observe.js';
import type { CronKnowledge } from './store/cron-knowledge.js';
import { rememberCron } from './store/cron-memory.js';
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
): Memory {
  const state = openState(pool);
  let problem: string | null = null;

  return {
    isUsable: () => problem === null,
    async remember(observation) {
      const found = await state.ensureReady();
      if (found !== null && found !== problem) log.warn(found);
      problem = found;
      const providers = new Map<string, ProviderMemory>();
      const nothing: Memories = { problem, providers, silentJournals: [], cron: null };
      if (problem !== null) return nothing;
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
      return { ...nothing, cron: await rememberJobs(pool, log, observation) };
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

async function rememberJobs(
  pool: Pool,
  log: Log,
  { now, surroundings: { cron } }: Observation,
): Promise<CronKnowledge | null> {
  if (cron?.jobs.known !== true) return null;
  try {
    return await rememberCron(pool, (before) => learnCron(before, cron, now));
  } catch (error) {
    log.warn('the memory of cron jobs could not be used', { error: messageOf(error) });
    return null;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
