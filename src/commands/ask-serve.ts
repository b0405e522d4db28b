import type { ForcedOutcome } from '../refresh/forced-outcome.js';
import { askRefreshes } from '../remedy/ask-refreshes.js';
import type { RefreshResult } from './refresh.js';
import type { StateDatabase } from './state-database.js';
import type { TokenFacts } from './token-facts.js';

/** How long to wait for the next outcome: answers are listened to for 2 min. */
const untilOutcomeMs = 180_000;

/**
 * Asks the running exporters, through the memory, to refresh tokens, and waits for the outcomes.
 * Requests that nobody took in time, or until Ctrl-C, are taken back.
 */
export async function askServe(
  state: StateDatabase,
  tokens: readonly TokenFacts[],
  requestedBy: string,
  patienceMs: number,
  terminated: AbortSignal,
): Promise<RefreshResult> {
  const wanted = tokens.map(({ provider, row }) => ({ provider: provider.name, tokenId: row.id }));
  const patience = { untilTakenMs: patienceMs, untilOutcomeMs };
  const requests = await askRefreshes(state.run, wanted, requestedBy, patience, terminated);
  if (!requests.some(({ taken }) => taken)) {
    return {
      ok: false,
      problem: `no running exporter took the request within ${String(Math.round(patienceMs / 1000))} s; start serve, or use --here`,
    };
  }
  const answers = new Map(requests.map((each) => [key(each.provider, each.tokenId), each.answer]));
  return {
    ok: true,
    outcomes: new Map(
      tokens.map((facts): [TokenFacts, ForcedOutcome | null] => {
        const answer = answers.get(key(facts.provider.name, facts.row.id)) ?? null;
        return [facts, answer as ForcedOutcome | null];
      }),
    ),
  };
}

function key(provider: string, tokenId: string): string {
  return `${provider}\n${tokenId}`;
}
