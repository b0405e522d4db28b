import type { Slices } from '../assess/slices.js';
import { dueAtMsOf, idOf, nameOf, urgencies, urgencyOf } from './listed-token.js';
import type { KnownToken, KnownTokens, Urgency } from './listed-token.js';
import { countOf, visitTokens } from './token-positions.js';
import type { TokenOrder } from './token-query.js';

/** Compares tokens by their positions, for either direction. */
export type OrderedBy = (descending: boolean) => (a: number, b: number) => number;

/** Works out what an order compares. */
export function* orderTokens(known: readonly KnownTokens[], order: TokenOrder): Slices<OrderedBy> {
  switch (order) {
    case 'urgency': {
      const ranks = yield* numbersOf(known, (token, of) => rankOf[urgencyOf(of, token)]);
      const expiries = yield* numbersOf(known, ({ expiresAtMs }) => expiresAtMs);
      return either(
        (a, b, direction) =>
          compareNumbers(ranks, a, b, direction) || compareNumbers(expiries, a, b, direction),
      );
    }
    case 'expires': {
      const expiries = yield* numbersOf(known, ({ expiresAtMs }) => expiresAtMs);
      return either((a, b, direction) => compareNumbers(expiries, a, b, direction));
    }
    case 'due': {
      const dues = yield* numbersOf(known, dueAtMsOf);
      return either((a, b, direction) => compareNumbers(dues, a, b, direction));
    }
    case 'user': {
      const users = yield* textsOf(known, userOf);
      return either((a, b, direction) => compareTexts(users, a, b, direction));
    }
    case 'provider': {
      const providers = yield* textsOf(known, (_, { provider }) => provider);
      const users = yield* textsOf(known, userOf);
      return either(
        (a, b, direction) =>
          compareTexts(providers, a, b, direction) || compareTexts(users, a, b, direction),
      );
    }
  }
}

type Direction = 1 | -1;

function either(compare: (a: number, b: number, direction: Direction) => number): OrderedBy {
  return (descending) => (a, b) => compare(a, b, descending ? -1 : 1);
}

const rankOf = Object.fromEntries(urgencies.map((urgency, rank) => [urgency, rank])) as Record<
  Urgency,
  number
>;

function userOf(token: KnownToken): string {
  return 'tokenId' in token ? nameOf(token) : idOf(token);
}

/** A number of each token, NaN for null. */
function* numbersOf(
  known: readonly KnownTokens[],
  numberOf: (token: KnownToken, of: KnownTokens) => number | null,
): Slices<Float64Array> {
  const numbers = new Float64Array(countOf(known));
  yield* visitTokens(known, (position, of, token) => {
    numbers[position] = numberOf(token, of) ?? Number.NaN;
  });
  return numbers;
}

function* textsOf(
  known: readonly KnownTokens[],
  textOf: (token: KnownToken, of: KnownTokens) => string,
): Slices<readonly string[]> {
  const texts: string[] = [];
  yield* visitTokens(known, (_, of, token) => {
    texts.push(textOf(token, of));
  });
  return texts;
}

/** No instant comes last in both directions: it is neither soon nor late. */
function compareNumbers(of: Float64Array, a: number, b: number, direction: Direction): number {
  const first = of[a] ?? Number.NaN;
  const second = of[b] ?? Number.NaN;
  if (first < second) return -direction;
  if (first > second) return direction;
  return Number(Number.isNaN(first)) - Number(Number.isNaN(second));
}

function compareTexts(of: readonly string[], a: number, b: number, direction: Direction): number {
  const first = of[a] ?? '';
  const second = of[b] ?? '';
  return first === second ? 0 : first < second ? -direction : direction;
}
