import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseCanary, chooseDue } from '../../src/refresh/choose-due.js';
import type { DueToken } from '../../src/refresh/choose-due.js';

const all = { kind: 'all' } as const;

function token(tokenId: string, facts: Partial<DueToken> = {}): DueToken {
  return {
    tokenId,
    dueAtMs: 1000,
    expiresAtMs: 5000,
    refreshedAtMs: null,
    failedLastTime: false,
    ...facts,
  };
}

const ids = (tokens: readonly DueToken[]) => tokens.map(({ tokenId }) => tokenId);

describe('the first token under a new configuration', () => {
  it('is the liveliest, and one that failed only where there is no other', () => {
    const due = [
      token('failed', { refreshedAtMs: 3, failedLastTime: true }),
      token('older', { refreshedAtMs: 1 }),
      token('newer', { refreshedAtMs: 2 }),
    ];
    expect(ids(chooseDue(due, { kind: 'first' }, 5))).toEqual(['newer']);
    expect(ids(chooseDue(due.slice(0, 1), { kind: 'first' }, 5))).toEqual(['failed']);
    expect(ids(chooseDue(due, { kind: 'first' }, 0))).toEqual([]);
  });
});

describe('the order of refreshing', () => {
  it.each<[string, DueToken[], string[]]>([
    [
      'the earliest expiry first',
      [token('b', { expiresAtMs: 5001 }), token('a', { expiresAtMs: 5000 })],
      ['a', 'b'],
    ],
    [
      'those that failed last time after those that did not',
      [token('failed', { expiresAtMs: 1, failedLastTime: true }), token('fresh')],
      ['fresh', 'failed'],
    ],
    [
      'the earliest expiry first among those that failed',
      [
        token('later', { expiresAtMs: 5001, failedLastTime: true }),
        token('sooner', { failedLastTime: true }),
      ],
      ['sooner', 'later'],
    ],
    [
      'without an expiry by the due time',
      [token('b'), token('none', { expiresAtMs: null, dueAtMs: 4999 })],
      ['none', 'b'],
    ],
    [
      'long expired first',
      [token('b', { expiresAtMs: 1 }), token('a', { expiresAtMs: -Infinity })],
      ['a', 'b'],
    ],
    ['by id where nothing else decides', [token('b'), token('a')], ['a', 'b']],
  ])('%s', (_, due, expected) => {
    expect(ids(chooseDue(due, all, 10))).toEqual(expected);
  });

  it('gives at most as many as asked for', () => {
    const due = [token('a'), token('b'), token('c')];
    expect(ids(chooseDue(due, all, 2))).toEqual(['a', 'b']);
    expect(chooseDue(due, all, 0)).toEqual([]);
    expect(chooseDue(due, all, -1)).toEqual([]);
  });

  it('is the same whatever order the tokens come in, and no failed one precedes a fresh one', () => {
    const someTokens = fc.uniqueArray(
      fc.record<DueToken>({
        tokenId: fc.string({ maxLength: 3 }),
        dueAtMs: fc.nat(5),
        expiresAtMs: fc.option(fc.oneof(fc.nat(5), fc.constant(-Infinity))),
        refreshedAtMs: fc.option(fc.nat(5)),
        failedLastTime: fc.boolean(),
      }),
      { selector: ({ tokenId }) => tokenId },
    );
    fc.assert(
      fc.property(someTokens, fc.nat(20), (due, limit) => {
        const chosen = chooseDue(due, all, limit);
        expect(chosen).toHaveLength(Math.min(due.length, limit));
        expect(chooseDue([...due].reverse(), all, limit)).toEqual(chosen);
        const failed = chosen.map(({ failedLastTime }) => Number(failedLastTime));
        expect(failed).toEqual(failed.toSorted());
      }),
    );
  });
});

describe('what a pause lets through', () => {
  const due = [
    token('failed', { refreshedAtMs: 900, failedLastTime: true }),
    token('stale', { expiresAtMs: 1, refreshedAtMs: 100 }),
    token('lively', { refreshedAtMs: 800 }),
  ];

  it('is nothing while paused, and no due token as such when a canary is wanted', () => {
    const paused = { kind: 'none', because: 'breaker', untilMs: 1 } as const;
    expect(chooseDue(due, paused, 10)).toEqual([]);
    expect(chooseDue(due, { kind: 'canary', prefer: null }, 10)).toEqual([]);
  });

  it('is the liveliest token that has not failed when a fresh one is wanted', () => {
    expect(ids(chooseDue(due, { kind: 'fresh' }, 10))).toEqual(['lively']);
    expect(chooseDue(due, { kind: 'fresh' }, 0)).toEqual([]);
  });

  it('is nothing when a fresh one is wanted and all have failed', () => {
    expect(chooseDue([token('failed', { failedLastTime: true })], { kind: 'fresh' }, 1)).toEqual(
      [],
    );
  });
});

describe('the canary', () => {
  const recent = token('recent', { refreshedAtMs: 900 });
  const older = token('older', { refreshedAtMs: 899 });
  const never = token('never', { refreshedAtMs: null, expiresAtMs: 9000 });
  const failed = token('failed', { refreshedAtMs: 901, failedLastTime: true });

  it.each<[string, DueToken[], string | null, string | null]>([
    ['the most recently refreshed', [never, older, recent], null, 'recent'],
    ['never one that failed while there is another', [failed, never], null, 'never'],
    ['one that failed where there is no other', [failed], null, 'failed'],
    ['the latest expiry where none was refreshed', [token('early'), never], null, 'never'],
    ['the one to be confirmed', [recent, failed], 'failed', 'failed'],
    ['another where the one to be confirmed is gone', [recent, older], 'gone', 'recent'],
    ['none where there are no tokens', [], 'gone', null],
  ])('is %s', (_, candidates, prefer, expected) => {
    expect(chooseCanary(candidates, prefer)?.tokenId ?? null).toBe(expected);
  });
});
