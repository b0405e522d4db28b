import type { Pool } from 'pg';
import { writeTransaction } from '../database/write-transaction.js';
import { isAppCallUnderWay } from './app-call.js';
import { readProviderRow } from './provider-row.js';
import type { ProviderRow } from './provider-row.js';
import { recordChanges } from './record-changes.js';
import type { ChangeEvent, TokenChange } from './record-changes.js';
import { readTokenMemory, readTokenMemoryOf } from './token-memory.js';
import type { TokenMemory } from './token-memory.js';

/** What is remembered of a provider after a poll, and the events that this replica recorded. */
export interface RememberedRows {
  readonly memory: ReadonlyMap<string, TokenMemory>;
  readonly events: readonly ChangeEvent[];
  /** Of the provider itself; null: nothing is remembered yet. */
  readonly provider: ProviderRow | null;
}

/**
 * Takes over what `findChanges` finds between the memory and what a poll saw at `observedAt`. Of
 * the memory only what was written is read again.
 */
export async function rememberRows(
  pool: Pool,
  provider: string,
  observedAt: Date,
  findChanges: (
    memory: ReadonlyMap<string, TokenMemory>,
  ) => readonly TokenChange[] | Promise<readonly TokenChange[]>,
): Promise<RememberedRows> {
  return writeTransaction(pool, async (query) => {
    const before = await readTokenMemory(query, provider);
    const shared = await readProviderRow(query, provider);
    const unchanged = { memory: before, events: [], provider: shared };
    // The application is refreshing for us: whoever asked it will remember what moved.
    if (await isAppCallUnderWay(query, provider)) return unchanged;
    const changes = await findChanges(before);
    if (changes.length === 0) return unchanged;
    const recorded = await recordChanges(query, provider, changes, observedAt);
    const changedIds = changes.map(({ id }) => id);
    const memory = new Map(before);
    for (const [id, token] of await readTokenMemoryOf(query, provider, changedIds)) {
      memory.set(id, token);
    }
    return {
      memory,
      events: recorded.map(({ event }) => event),
      provider: shared,
    };
  });
}
