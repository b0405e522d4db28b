import { sliceSize } from '../assess/slices.js';
import type { Slices } from '../assess/slices.js';
import { listToken } from './listed-token.js';
import type { KnownTokens, ListedToken } from './listed-token.js';

/*
 * A token is known by its position, counted through all providers: what is sorted are numbers, and
 * no object is made of a token that nobody sees.
 */

/** Tokens of one provider. */
interface OfProvider<Token> {
  readonly tokens: readonly Token[];
}
type TokenIn<Of> = Of extends OfProvider<infer Token> ? Token : never;

/** How many tokens there are. */
export function countOf(known: readonly OfProvider<unknown>[]): number {
  return known.reduce((count, { tokens }) => count + tokens.length, 0);
}

/** Shows every token with its position. */
export function* visitTokens<Of extends OfProvider<unknown>>(
  known: readonly Of[],
  see: (position: number, of: Of, token: TokenIn<Of>) => void,
): Slices<void> {
  let position = 0;
  for (const of of known) {
    for (const token of of.tokens as readonly TokenIn<Of>[]) {
      see(position, of, token);
      position += 1;
      if (position % sliceSize === 0) yield;
    }
  }
}

/** The token at a position, and among which it is. Throws a RangeError where there is none. */
export function tokenOf<Of extends OfProvider<unknown>>(
  known: readonly Of[],
  position: number,
): [Of, TokenIn<Of>] {
  let left = position;
  for (const of of known) {
    if (left < of.tokens.length) return [of, of.tokens[left] as TokenIn<Of>];
    left -= of.tokens.length;
  }
  throw new RangeError(`no token at ${String(position)}`);
}

/** The same as the list shows it. */
export function tokenAt(known: readonly KnownTokens[], position: number): ListedToken {
  return listToken(...tokenOf(known, position));
}
