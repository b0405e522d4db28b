import type { Assessment } from '../assess/assess.js';
import { filterInSlices } from '../assess/slices.js';
import type { Slices } from '../assess/slices.js';
import type { ProviderConfig } from '../config/config.js';
import { idOf, knownTokens, listToken } from './listed-token.js';
import type { KnownTokens, ListedToken } from './listed-token.js';
import { sortWindow } from './sort-window.js';
import { countOf, tokenAt, visitTokens } from './token-positions.js';
import { orderTokens } from './token-order.js';
import type { OrderedBy } from './token-order.js';
import type { TokenOrder, TokenQuery, TokenView } from './token-query.js';

/** The tokens of one poll, ready to be searched and paged through. */
export interface TokenIndex {
  readonly find: (query: TokenQuery) => Slices<TokenPage>;
  /** null: no such token is known. */
  readonly get: (provider: string, tokenId: string) => Slices<ListedToken | null>;
}

export interface TokenPage {
  readonly tokens: readonly ListedToken[];
  /** How many match. */
  readonly matching: number;
  /** The page that is shown: the last one where more was asked for. */
  readonly page: number;
  readonly pages: number;
}

export const tokensPerPage = 50;

/**
 * Indexes the tokens that a poll knew of. Nothing is kept of a token but what it is ordered by, and
 * that from the first time somebody asks for that order: of 100,000 tokens a page shows 50.
 */
export function indexTokens(
  assessment: Assessment,
  configured: readonly Pick<ProviderConfig, 'name' | 'expiringSoonMs'>[],
): TokenIndex {
  const known = knownTokens(assessment, configured);
  const orders = new Map<TokenOrder, OrderedBy>();

  function* orderedBy(order: TokenOrder): Slices<OrderedBy> {
    const found = orders.get(order) ?? (yield* orderTokens(known, order));
    orders.set(order, found);
    return found;
  }

  return {
    *find(query) {
      const { order, descending } = query;
      const matching = yield* findPositions(
        known,
        isUnfiltered(query) ? null : matcher(assessment, query),
      );
      const pages = Math.max(1, Math.ceil(matching.length / tokensPerPage));
      const page = Math.min(query.page, pages);
      const from = (page - 1) * tokensPerPage;
      const compare = (yield* orderedBy(order))(descending);
      const shown = yield* sortWindow(matching, from, from + tokensPerPage, compare);
      return {
        tokens: Array.from(shown, (position) => tokenAt(known, position)),
        matching: matching.length,
        page,
        pages,
      };
    },
    *get(provider, tokenId) {
      const of = known.find((each) => each.provider === provider);
      if (of === undefined) return null;
      // A map of all of them would cost more than it saves: one is asked for at a time.
      const [token] = yield* filterInSlices(of.tokens, (each) => idOf(each) === tokenId);
      return token === undefined ? null : listToken(of, token);
    },
  };
}

/** Where the tokens stand for which a condition holds; null: all of them. */
function* findPositions(
  known: readonly KnownTokens[],
  isWanted: ((token: ListedToken) => boolean) | null,
): Slices<Uint32Array> {
  const positions = new Uint32Array(countOf(known));
  if (isWanted === null) return positions.map((_, position) => position);
  let found = 0;
  yield* visitTokens(known, (position, of, token) => {
    if (!isWanted(listToken(of, token))) return;
    positions[found] = position;
    found += 1;
  });
  return positions.subarray(0, found);
}

function isUnfiltered({ provider, status, grant, view, search }: TokenQuery): boolean {
  return [provider, status, grant, view].every((each) => each === null) && search === '';
}

function matcher(
  { providers }: Assessment,
  { provider, status, grant, view, search }: TokenQuery,
): (token: ListedToken) => boolean {
  // Of 100,000 ids none is copied into lower case.
  const pattern = new RegExp(search.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'iu');
  const whole = search.toLowerCase();
  const failedSync = ({ provider: name, tokenId }: ListedToken) =>
    providers.get(name)?.syncFailures?.byToken.has(tokenId) === true;
  return (token) =>
    (provider === null || token.provider === provider) &&
    (status === null || token.status === status) &&
    (grant === null || token.grant === grant) &&
    (view === null || (view === 'sync_failed' ? failedSync(token) : isIn(view, token))) &&
    (search === '' || isFound(token, pattern, whole));
}

function isIn(view: Exclude<TokenView, 'sync_failed'>, { active, assessed }: ListedToken): boolean {
  switch (view) {
    case 'outage':
      return assessed?.isEffectivelyExpired === true;
    case 'overdue':
      return assessed?.isOverdue === true;
    case 'switched_off_wrongly':
      return assessed?.isFalselyDeactivated === true;
    case 'inactive':
      return !active;
  }
}

/**
 * Part of an id or of a user's; an account only as a whole: found letter by letter, it would not be
 * masked.
 */
function isFound(
  { tokenId, subject, assessed }: ListedToken,
  pattern: RegExp,
  whole: string,
): boolean {
  return (
    pattern.test(tokenId) ||
    (subject !== null && pattern.test(subject)) ||
    assessed?.account?.toLowerCase() === whole
  );
}
