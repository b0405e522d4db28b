import { describe, expect, it } from 'vitest';
import { runAtOnce } from '../../src/assess/slices.js';
import { everyToken, parseTokenQuery, tokensHref } from '../../src/pages/token-query.js';
import type { TokenQuery } from '../../src/pages/token-query.js';
import { indexTokens, tokensPerPage } from '../../src/pages/token-index.js';
import { assessmentOfRows, configuredProvider, nowMs } from './served-pages.js';

const hourMs = 3_600_000;
const provider = configuredProvider('app');
const index = (rows: Parameters<typeof assessmentOfRows>[1]) =>
  indexTokens(assessmentOfRows(provider, rows), [provider]);
const idsOf = (tokens: ReturnType<typeof index>, query: Partial<TokenQuery> = {}) =>
  runAtOnce(tokens.find({ ...everyToken, ...query })).tokens.map(({ tokenId }) => tokenId);

describe('the list of tokens', () => {
  it('has the most urgent first, and of these the one that expires first', () => {
    const tokens = index([
      { id: 'fine', expiresAtMs: nowMs + 24 * hourMs },
      { id: 'outage', expiresAtMs: nowMs - 2 * hourMs },
      { id: 'older outage', expiresAtMs: nowMs - 3 * hourMs },
      { id: 'switched off', active: false, expiresAtMs: nowMs - 9 * hourMs },
      { id: 'wrongly', active: false, expiresAtMs: nowMs + hourMs },
      { id: 'expired', hasRefreshToken: false, expiresAtMs: nowMs - hourMs },
    ]);
    expect(idsOf(tokens)).toEqual([
      'older outage',
      'outage',
      'wrongly',
      'expired',
      'switched off',
      'fine',
    ]);
  });

  it('has tokens without an expiry last in both directions', () => {
    const tokens = index([
      { id: 'none', expiresAtMs: null },
      { id: 'never', expiresAtMs: Infinity },
      { id: 'soon', expiresAtMs: nowMs + 1 },
    ]);
    expect(idsOf(tokens, { order: 'expires' })).toEqual(['soon', 'never', 'none']);
    expect(idsOf(tokens, { order: 'expires', descending: true })).toEqual([
      'never',
      'soon',
      'none',
    ]);
  });

  it.each([
    ['exactly one page', tokensPerPage, 1, tokensPerPage],
    ['one more', tokensPerPage + 1, 2, 1],
    ['none', 0, 1, 0],
  ])('shows the last page where more was asked for: %s', (_, count, page, shown) => {
    const tokens = index(Array.from({ length: count }, (__, at) => ({ id: `t${at}` })));
    const found = runAtOnce(tokens.find({ ...everyToken, page: 99 }));
    expect([found.page, found.pages, found.tokens.length]).toEqual([page, page, shown]);
  });

  it('finds part of an id or a user, and an account only as a whole', () => {
    const tokens = index([
      { id: 'Alpha-1', subject: 'user-x', account: 'ada@example.com' },
      { id: 'beta-2', subject: null, account: null },
    ]);
    expect(idsOf(tokens, { search: 'ALPHA' })).toEqual(['Alpha-1']);
    expect(idsOf(tokens, { search: 'user-X' })).toEqual(['Alpha-1']);
    expect(idsOf(tokens, { search: 'Ada@example.com' })).toEqual(['Alpha-1']);
    expect(idsOf(tokens, { search: 'ada@' })).toEqual([]);
    // Nothing in it is a pattern.
    expect(idsOf(tokens, { search: '.' })).toEqual([]);
    expect(idsOf(tokens, { search: '\\(' })).toEqual([]);
  });

  it('narrows to each status, grant and view', () => {
    const tokens = index([
      { id: 'expired', expiresAtMs: nowMs - 1 },
      { id: 'now', expiresAtMs: nowMs },
      { id: 'off', active: false, expiresAtMs: nowMs + hourMs },
      { id: 'unknown', expiresAtMs: null },
    ]);
    expect(idsOf(tokens, { status: 'expired' })).toEqual(['expired']);
    expect(idsOf(tokens, { status: 'unknown' })).toEqual(['unknown']);
    expect(idsOf(tokens, { grant: 'disabled' })).toEqual(['off']);
    expect(idsOf(tokens, { view: 'inactive' })).toEqual(['off']);
    expect(idsOf(tokens, { view: 'switched_off_wrongly' })).toEqual(['off']);
    expect(idsOf(tokens, { view: 'overdue' })).toEqual(['expired', 'now']);
    expect(idsOf(tokens, { provider: 'other' })).toEqual([]);
  });

  it('knows a token by provider and id', () => {
    const tokens = index([{ id: 'a' }]);
    expect(runAtOnce(tokens.get('app', 'a'))?.tokenId).toBe('a');
    expect(runAtOnce(tokens.get('a', 'app'))).toBeNull();
  });
});

describe('an address of the list', () => {
  it.each<Partial<TokenQuery>>([
    {},
    { provider: 'a&b', status: 'expired', grant: 'dead', view: 'overdue' },
    { search: 'x y+z', order: 'user', descending: true, page: 3 },
  ])('asks for what it was made from: %j', (query) => {
    const address = new URL(tokensHref(query), 'http://localhost');
    expect(parseTokenQuery(address.searchParams)).toEqual({ ...everyToken, ...query });
  });

  it.each([
    'page=0',
    'page=-1',
    'page=1.5',
    'page=x',
    'status=gone',
    'sort=__proto__',
    'provider=',
  ])('asks for everything where it makes no sense: %s', (text) => {
    expect(parseTokenQuery(new URLSearchParams(text))).toEqual(everyToken);
  });
});
