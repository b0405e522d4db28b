import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { findTokenChanges } from '../assess/token-changes.js';
import type { DatabaseOf } from '../database/databases.js';
import { observeRows } from '../observe/observe-rows.js';
import type { ForcedOutcome } from '../refresh/forced-outcome.js';
import { startRefreshing } from '../refresh/start-refreshing.js';
import type { TokenRefreshListener } from '../refresh/token-refresh.js';
import { openState } from '../store/open-state.js';
import { rememberRows } from '../store/remember-rows.js';
import type { ReadyToConnect } from './command-context.js';
import type { RefreshResult } from './refresh.js';
import type { TokenFacts } from './token-facts.js';

/**
 * Refreshes tokens in this process, with its own hold of the journal: what an earlier life left
 * there is worked off first, as serve does.
 */
export async function refreshHere(
  { config }: ReadyToConnect,
  databaseOf: DatabaseOf,
  statePool: Pool,
  tokens: readonly TokenFacts[],
): Promise<RefreshResult> {
  const problem = await openState(statePool).ensureReady();
  if (problem !== null) return { ok: false, problem };
  const providers = [...new Set(tokens.map(({ provider }) => provider))];
  const troubles: string[] = [];
  const listener: TokenRefreshListener = {
    onSent: () => undefined,
    onOutcome: () => undefined,
    onAppCall: () => undefined,
    onHealthChange: () => undefined,
    onAmbiguousRequest: (tokenId) => {
      troubles.push(`${tokenId}: a request whose answer was never seen is sent again`);
    },
    onTrouble: (message, error) => {
      troubles.push(error instanceof Error ? `${message}: ${error.message}` : message);
    },
  };
  const refreshing = startRefreshing({
    config: { ...config, providers },
    databaseOf,
    statePool,
    listenerFor: () => listener,
    onJournal: (problem) => {
      if (problem === null) return;
      troubles.push(`${problem}; or leave --here out: a running exporter takes the request`);
    },
    onWarning: (message) => troubles.push(message),
    processId: randomUUID(),
    random: Math.random,
    monotonicMs: () => performance.now(),
    clock: () => new Date(),
  });
  try {
    await refreshing.prepare();
    const outcomes = new Map<TokenFacts, ForcedOutcome | null>();
    for (const provider of providers) {
      const { rows, now } = await observeRows(databaseOf(provider), provider);
      await rememberRows(statePool, provider.name, now, (memory) =>
        findTokenChanges(memory, rows, now),
      );
      const mine = tokens.filter((each) => each.provider === provider);
      const forced = refreshing.force(
        provider.name,
        mine.map(({ row }) => row.id),
        now,
      );
      if (forced === null) {
        return { ok: false, problem: troubles.join('\n') || `${provider.name} can't be refreshed` };
      }
      for (const facts of mine) outcomes.set(facts, (await forced.get(facts.row.id)) ?? null);
    }
    return { ok: true, outcomes };
  } finally {
    await refreshing.stop();
  }
}
