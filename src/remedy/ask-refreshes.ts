import { setTimeout as delay } from 'node:timers/promises';
import type { Query } from '../database/read-snapshot.js';
import { askForRefreshes, readRequests, withdrawRequests } from '../store/refresh-requests.js';
import type { RequestState, WantedToken } from '../store/refresh-requests.js';

const lookEveryMs = 500;

/** How long whoever asks waits. */
export interface AskingPatience {
  /** For a running exporter to take the first request. */
  readonly untilTakenMs: number;
  /** For the next outcome after that. */
  readonly untilOutcomeMs: number;
}

/**
 * Asks the running exporters, through the memory, to refresh tokens, and waits for the outcomes;
 * tells how each request stands at the end. What nobody took in time, or until `gone`, is taken back.
 */
export async function askRefreshes(
  run: <T>(work: (query: Query) => Promise<T>) => Promise<T>,
  tokens: readonly WantedToken[],
  requestedBy: string,
  patience: AskingPatience,
  gone: AbortSignal,
): Promise<RequestState[]> {
  const ids = await run((query) => askForRefreshes(query, tokens, requestedBy));
  try {
    return await waitForAnswers(
      () => run((query) => readRequests(query, ids)),
      ids.length,
      patience,
      gone,
    );
  } finally {
    await run((query) => withdrawRequests(query, ids));
  }
}

/** Until all are answered; or nobody took one in time; or no further outcome came for long. */
async function waitForAnswers(
  read: () => Promise<RequestState[]>,
  asked: number,
  { untilTakenMs, untilOutcomeMs }: AskingPatience,
  gone: AbortSignal,
): Promise<RequestState[]> {
  let answered = -1;
  let progressAtMs = performance.now();
  for (;;) {
    const requests = await read();
    const now = requests.filter(({ answer }) => answer !== null).length;
    if (now === asked || gone.aborted) return requests;
    const taken = requests.some((each) => each.taken);
    if (now !== answered) progressAtMs = performance.now();
    answered = now;
    const waitedMs = performance.now() - progressAtMs;
    if (waitedMs > (taken ? untilOutcomeMs : untilTakenMs)) return requests;
    await delay(lookEveryMs, undefined, { signal: gone }).catch(() => undefined);
  }
}
