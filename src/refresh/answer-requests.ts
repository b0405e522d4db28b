import type { Pool } from 'pg';
import { answerRequest, takeRequests } from '../store/refresh-requests.js';
import type { ForcedOutcome } from './forced-outcome.js';

export interface RequestTaker {
  readonly statePool: Pool;
  readonly owner: string;
  /** Whose tokens can be refreshed here and now. */
  readonly providers: () => readonly string[];
  readonly force: (
    provider: string,
    tokenIds: readonly string[],
    askedAt: Date,
  ) => ReadonlyMap<string, Promise<ForcedOutcome>> | null;
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Takes what people asked for through the memory and answers each request when its token has an
 * outcome, which this does not wait for. Never rejects.
 */
export async function answerRequests(taker: RequestTaker): Promise<void> {
  const providers = taker.providers();
  if (providers.length === 0) return;
  try {
    const { requests, takenAt } = await takeRequests(taker.statePool, providers, taker.owner);
    for (const provider of new Set(requests.map((request) => request.provider))) {
      const mine = requests.filter((request) => request.provider === provider);
      const outcomes = taker.force(
        provider,
        mine.map(({ tokenId }) => tokenId),
        takenAt,
      );
      for (const { id, tokenId } of mine) {
        outcomes
          ?.get(tokenId)
          ?.then((outcome) => answerRequest(taker.statePool, id, outcome))
          .catch(taker.onTrouble);
      }
    }
  } catch (error) {
    taker.onTrouble(error);
  }
}
