import type { Assessment } from '../assess/assess.js';
import { filterInSlices, sortInSlices } from '../assess/slices.js';
import type { Slices } from '../assess/slices.js';
import type { ProviderConfig } from '../config/config.js';
import { listTokens, nameOf, urgencies } from './listed-token.js';
import type { ListedToken } from './listed-token.js';
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
 * Indexes the tokens that a poll knew of. The list and each order of it are worked out when they
 * are asked for the first time: with 100,000 tokens that takes a moment, and a page after it does not.
 */
export function indexTokens(
  assessment: Assessment,
  configured: readonly Pick<ProviderConfig, 'name' | 'expiringSoonMs'>[],
): TokenIndex {
  let listed: readonly ListedToken[] | null = null;
  const orders = new Map<string, readonly ListedToken[]>();

  function* all(): Slices<readonly ListedToken[]> {
    listed ??= yield* listTokens(assessment, configured);
    return listed;
  }

  function* ordered({ order, descending }: TokenQuery): Slices<readonly ListedToken[]> {
    const key = descending ? `${order} descending` : order;
    const compare = comparison(order, descending ? -1 : 1);
    const sorted = orders.get(key) ?? (yield* sortInSlices(yield* all(), compare));
    orders.set(key, sorted);
    return sorted;
  }

  return {
    *find(query) {
      const tokens = yield* ordered(query);
      const matching = isUnfiltered(query)
        ? tokens
        : yield* filterInSlices(tokens, matcher(assessment, query));
      const pages = Math.max(1, Math.ceil(matching.length / tokensPerPage));
      const page = Math.min(query.page, pages);
      const from = (page - 1) * tokensPerPage;
      return {
        tokens: matching.slice(from, from + tokensPerPage),
        matching: matching.length,
        page,
        pages,
      };
    },
    *get(provider, tokenId) {
      const wanted = (token: ListedToken) =>
        token.tokenId === tokenId && token.provider === provider;
      // A map of all of them would cost more than it saves: one is asked for at a time.
      return (yield* filterInSlices(yield* all(), wanted))[0] ?? null;
    },
  };
}

const ranks = Object.fromEntries(urgencies.map((urgency, rank) => [urgency, rank])) as Record<
  ListedToken['urgency'],
  number
>;

type Comparison = (a: ListedToken, b: ListedToken) => number;
type Direction = 1 | -1;

function comparison(order: TokenOrder, direction: Direction): Comparison {
  switch (order) {
    case 'urgency':
      return (a, b) =>
        direction * (ranks[a.urgency] - ranks[b.urgency]) ||
        compareInstants(a.expiresAtMs, b.expiresAtMs, direction);
    case 'expires':
      return (a, b) => compareInstants(a.expiresAtMs, b.expiresAtMs, direction);
    case 'due':
      return (a, b) => compareInstants(a.dueAtMs, b.dueAtMs, direction);
    case 'user':
      return (a, b) => direction * compareUsers(a, b);
    case 'provider':
      return (a, b) => direction * (compareText(a.provider, b.provider) || compareUsers(a, b));
  }
}

/** No instant comes last in both directions: it is neither soon nor late. */
function compareInstants(a: number | null, b: number | null, direction: Direction): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -direction : direction;
}

function compareUsers(a: ListedToken, b: ListedToken): number {
  return compareText(nameOf(a), nameOf(b));
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
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
