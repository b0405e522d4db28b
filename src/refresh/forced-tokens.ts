import type { ForcedOutcome } from './forced-outcome.js';

/** The tokens of a provider that people asked for and that have no outcome yet. */
export interface ForcedTokens {
  readonly isForced: (tokenId: string) => boolean;
  /** Resolves with what comes of it; asking again while it is under way gets the same. */
  readonly add: (tokenId: string) => Promise<ForcedOutcome>;
  /** Tells an outcome; the first one counts. Of a token that nobody asked for it says nothing. */
  readonly settle: (tokenId: string, outcome: ForcedOutcome) => void;
}

/** Keeps account of the tokens that people asked for. */
export function createForcedTokens(): ForcedTokens {
  const waiting = new Map<
    string,
    { promise: Promise<ForcedOutcome>; resolve: (outcome: ForcedOutcome) => void }
  >();
  return {
    isForced: (tokenId) => waiting.has(tokenId),
    add(tokenId) {
      const known = waiting.get(tokenId);
      if (known !== undefined) return known.promise;
      let resolve: (outcome: ForcedOutcome) => void = () => undefined;
      const promise = new Promise<ForcedOutcome>((settle) => (resolve = settle));
      waiting.set(tokenId, { promise, resolve });
      return promise;
    },
    settle(tokenId, outcome) {
      waiting.get(tokenId)?.resolve(outcome);
      waiting.delete(tokenId);
    },
  };
}
