import type { Pool } from 'pg';
import { writeTransaction } from '../database/write-transaction.js';
import { isAppCallUnderWay } from './app-call.js';
import { readProviderRow } from './provider-row.js';
import type { ProviderRow } from './provider-row.js';
import { recordChanges } from './record-changes.js';
import type { ChangeEvent, TokenChange } from './record-changes.js';
import { readCarriedMemory } from './carried-memory.js';
import type { CarriedMemory } from './carried-memory.js';
import { readTokenMemoryOf } from './token-memory.js';
import type { TokenMemory } from './token-memory.js';

/** What is remembered of a provider after a poll, and the events that this replica recorded. */
export interface RememberedRows {
  readonly memory: CarriedMemory;
  readonly events: readonly ChangeEvent[];
  /** Of the provider itself; null: nothing is remembered yet. */
  readonly provider: ProviderRow | null;
}

/** So many changes take the database a second or two; a million at once would exceed every timeout. */
export const mostChangesAtOnce = 50_000;

/**
 * Takes over what `findChanges` finds between the memory and what a poll saw at `observedAt`.
 *
 * What is `carried` from the last time spares reading all of the memory. It is brought up to date
 * in place: where this throws, it may hold what was never committed, and is to be dropped. Changes
 * beyond `mostChanges` are left: they are still there for the next poll to find.
 */
export async function rememberRows(
  pool: Pool,
  provider: string,
  observedAt: Date,
  findChanges: (
    memory: ReadonlyMap<string, TokenMemory>,
  ) => readonly TokenChange[] | Promise<readonly TokenChange[]>,
  carried: CarriedMemory | null = null,
  mostChanges = mostChangesAtOnce,
): Promise<RememberedRows> {
  return writeTransaction(pool, async (query) => {
    const memory = await readCarriedMemory(query, provider, carried);
    const shared = await readProviderRow(query, provider);
    const unchanged = { memory, events: [], provider: shared };
    // The application is refreshing for us: whoever asked it will remember what moved.
    if (await isAppCallUnderWay(query, provider)) return unchanged;
    const changes = (await findChanges(memory.tokens)).slice(0, mostChanges);
    if (changes.length === 0) return unchanged;
    const recorded = await recordChanges(query, provider, changes, observedAt);
    const changedIds = changes.map(({ id }) => id);
    for (const [id, token] of await readTokenMemoryOf(query, provider, changedIds)) {
      memory.tokens.set(id, token);
    }
    return {
      memory,
      events: recorded.map(({ event }) => event),
      provider: shared,
    };
  });
}
