import { setTimeout as delay } from 'node:timers/promises';
import type { ForcedOutcome } from '../refresh/forced-outcome.js';
import { askForRefreshes, readRequests, withdrawRequests } from '../store/refresh-requests.js';
import type { RequestState } from '../store/refresh-requests.js';
import type { RefreshResult } from './refresh.js';
import type { StateDatabase } from './state-database.js';
import type { TokenFacts } from './token-facts.js';

const lookEveryMs = 500;

/** How long to wait for the next outcome: answers are listened to for 2 min. */
const outcomePatienceMs = 180_000;

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
  const ids = await state.run((query) => askForRefreshes(query, wanted, requestedBy));
  try {
    const requests = await waitForAnswers(state, ids, patienceMs, terminated);
    if (!requests.some(({ taken }) => taken)) {
      return {
        ok: false,
        problem: `no running exporter took the request within ${String(Math.round(patienceMs / 1000))} s; start serve, or use --here`,
      };
    }
    const answers = new Map(
      requests.map((each) => [key(each.provider, each.tokenId), each.answer]),
    );
    return {
      ok: true,
      outcomes: new Map(
        tokens.map((facts): [TokenFacts, ForcedOutcome | null] => {
          const answer = answers.get(key(facts.provider.name, facts.row.id)) ?? null;
          return [facts, answer as ForcedOutcome | null];
        }),
      ),
    };
  } finally {
    await state.run((query) => withdrawRequests(query, ids));
  }
}

/** Until all are answered; or nobody took one in time; or no further outcome came for long. */
async function waitForAnswers(
  state: StateDatabase,
  ids: readonly string[],
  patienceMs: number,
  terminated: AbortSignal,
): Promise<RequestState[]> {
  let answered = -1;
  let progressAtMs = performance.now();
  for (;;) {
    const requests = await state.run((query) => readRequests(query, ids));
    const now = requests.filter(({ answer }) => answer !== null).length;
    if (now === ids.length || terminated.aborted) return requests;
    const taken = requests.some((each) => each.taken);
    if (now !== answered) progressAtMs = performance.now();
    answered = now;
    const waitedMs = performance.now() - progressAtMs;
    if (waitedMs > (taken ? outcomePatienceMs : patienceMs)) return requests;
    await delay(lookEveryMs, undefined, { signal: terminated }).catch(() => undefined);
  }
}

function key(provider: string, tokenId: string): string {
  return `${provider}\n${tokenId}`;
}
