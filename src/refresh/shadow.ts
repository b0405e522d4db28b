import type { JudgedToken } from '../assess/grants.js';

/** What a provider in shadow mode would be refreshing. */
export interface ShadowedWork {
  /** Tokens that are due now. */
  readonly due: number;
  /** Those among them that were not due before, or for an earlier expiry. */
  readonly newlyDue: number;
}

/**
 * Counts what a provider in shadow mode would refresh: each due token once per due time, however
 * many polls find it. Only what is due now is remembered.
 */
export function createShadow(): (tokens: readonly JudgedToken[]) => ShadowedWork {
  let counted: ReadonlyMap<string, number> = new Map();
  return (tokens) => {
    const due = tokens.filter(({ isDue }) => isDue);
    const newlyDue = due.filter(({ tokenId, dueAtMs }) => counted.get(tokenId) !== dueAtMs).length;
    counted = new Map(due.map(({ tokenId, dueAtMs }) => [tokenId, dueAtMs]));
    return { due: due.length, newlyDue };
  };
}
