import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countByStatus,
  tokenStatus,
  tokenStatuses,
  tokenStatusWords,
} from '../../src/assess/token-status.js';
import { expiringWithin } from '../../src/observe/windows.js';

const now = new Date('2025-11-29T12:00:00Z');
const nowMs = now.getTime();
const weekMs = 7 * 86_400_000;

describe('the status of a token', () => {
  it.each([
    ['long past', nowMs - 90 * 86_400_000, 'expired'],
    ['one millisecond before now', nowMs - 1, 'expired'],
    ['exactly now', nowMs, 'expiring_soon'],
    ['one millisecond after now', nowMs + 1, 'expiring_soon'],
    ['one millisecond before the end of the window', nowMs + weekMs - 1, 'expiring_soon'],
    ['exactly at the end of the window', nowMs + weekMs, 'valid'],
    ['one millisecond after the end of the window', nowMs + weekMs + 1, 'valid'],
    ['infinity', Infinity, 'valid'],
    ['-infinity', -Infinity, 'expired'],
    ['before the epoch', -1, 'expired'],
    ['the epoch', 0, 'expired'],
    ['missing', null, 'unknown'],
  ])('%s is %s: %s', (_, expiresAtMs, status) => {
    expect(tokenStatus(expiresAtMs, now, weekMs)).toBe(status);
  });

  it('follows the window of its provider', () => {
    const inAnHour = nowMs + 3_600_000;
    expect(tokenStatus(inAnHour, now, 3_600_000)).toBe('valid');
    expect(tokenStatus(inAnHour, now, 3_600_001)).toBe('expiring_soon');
  });

  it('has the word of the runbook', () => {
    expect(tokenStatuses.map((status) => tokenStatusWords[status])).toEqual([
      'VALID',
      'EXPIRING SOON',
      'EXPIRED',
      'UNKNOWN',
    ]);
  });
});

describe('counts by status', () => {
  const expiries = fc.array(
    fc.oneof(
      fc.constant(null),
      fc.constantFrom(Infinity, -Infinity, nowMs, nowMs - 1, nowMs + weekMs, nowMs + weekMs - 1),
      fc.integer({ min: nowMs - 2 * weekMs, max: nowMs + 2 * weekMs }),
    ),
  );

  it('are what classifying every token would count', () => {
    fc.assert(
      fc.property(expiries, (tokens) => {
        const before = (ms: number) =>
          tokens.filter((expiresAtMs) => expiresAtMs !== null && expiresAtMs < ms).length;
        const counted = countByStatus({
          total: tokens.length,
          withoutExpiry: tokens.filter((expiresAtMs) => expiresAtMs === null).length,
          beforeNow: before(nowMs),
          beforeSoon: before(nowMs + weekMs),
          beforeWindow: Object.fromEntries(
            Object.entries(expiringWithin).map(([label, ms]) => [label, before(nowMs + ms)]),
          ) as Record<keyof typeof expiringWithin, number>,
        });
        const classified = tokens.map((expiresAtMs) => tokenStatus(expiresAtMs, now, weekMs));
        for (const status of tokenStatuses) {
          expect(counted[status]).toBe(classified.filter((each) => each === status).length);
        }
      }),
    );
  });
});
