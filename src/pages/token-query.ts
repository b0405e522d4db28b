import { grantStates } from '../assess/grant-state.js';
import type { GrantState } from '../assess/grant-state.js';
import { tokenStatuses } from '../assess/token-status.js';
import type { TokenStatus } from '../assess/token-status.js';
import { paths, withParameters } from './links.js';

/** What the list can be narrowed to beside the two axes. */
export const tokenViews = [
  'outage',
  'overdue',
  'switched_off_wrongly',
  'sync_failed',
  'inactive',
] as const;
export type TokenView = (typeof tokenViews)[number];

export const tokenOrders = ['urgency', 'expires', 'due', 'user', 'provider'] as const;
export type TokenOrder = (typeof tokenOrders)[number];

/** Which tokens are asked for, and how they are ordered. null: all of them. */
export interface TokenQuery {
  readonly provider: string | null;
  readonly status: TokenStatus | null;
  readonly grant: GrantState | null;
  readonly view: TokenView | null;
  /** Part of an id or a user, or a whole account. */
  readonly search: string;
  readonly order: TokenOrder;
  readonly descending: boolean;
  /** From 1. */
  readonly page: number;
}

export const everyToken: TokenQuery = {
  provider: null,
  status: null,
  grant: null,
  view: null,
  search: '',
  order: 'urgency',
  descending: false,
  page: 1,
};

const longestSearch = 200;
const lastPage = 1_000_000;

/** Reads an address. What it does not understand asks for nothing. */
export function parseTokenQuery(parameters: URLSearchParams): TokenQuery {
  const provider = parameters.get('provider');
  const page = Number(parameters.get('page') ?? '1');
  return {
    provider: provider === '' ? null : provider,
    status: oneOf(tokenStatuses, parameters.get('status')),
    grant: oneOf(grantStates, parameters.get('grant')),
    view: oneOf(tokenViews, parameters.get('view')),
    search: (parameters.get('q') ?? '').trim().slice(0, longestSearch),
    order: oneOf(tokenOrders, parameters.get('sort')) ?? 'urgency',
    descending: parameters.get('dir') === 'desc',
    page: Number.isInteger(page) && page >= 1 ? Math.min(page, lastPage) : 1,
  };
}

/** The address that asks for it. */
export function tokensHref(query: Partial<TokenQuery>): string {
  const { provider, status, grant, view, search, order, descending, page } = {
    ...everyToken,
    ...query,
  };
  return withParameters(paths.tokens, {
    provider,
    status,
    grant,
    view,
    q: search,
    sort: order === 'urgency' ? null : order,
    dir: descending ? 'desc' : null,
    page: page === 1 ? null : page,
  });
}

function oneOf<Word extends string>(words: readonly Word[], text: string | null): Word | null {
  return words.find((word) => word === text) ?? null;
}
