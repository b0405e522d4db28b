import { sliceSize } from '../assess/slices.js';
import type { Slices } from '../assess/slices.js';
import { listToken } from './listed-token.js';
import type { KnownToken, KnownTokens, ListedToken } from './listed-token.js';

/*
 * A token is known by its position, counted through all providers: what is sorted are numbers, and
 * no object is made of a token that nobody sees.
 */

/** How many tokens there are. */
export function countOf(known: readonly KnownTokens[]): number {
  return known.reduce((count, { tokens }) => count + tokens.length, 0);
}

/** Shows every token with its position. */
export function* visitTokens(
  known: readonly KnownTokens[],
  see: (position: number, of: KnownTokens, token: KnownToken) => void,
): Slices<void> {
  let position = 0;
  for (const of of known) {
    for (const token of of.tokens) {
      see(position, of, token);
      position += 1;
      if (position % sliceSize === 0) yield;
    }
  }
}

/** The token at a position. Throws a RangeError where there is none. */
export function tokenAt(known: readonly KnownTokens[], position: number): ListedToken {
  let left = position;
  for (const of of known) {
    const token = of.tokens[left];
    if (token !== undefined) return listToken(of, token);
    left -= of.tokens.length;
  }
  throw new RangeError(`no token at ${String(position)}`);
}
