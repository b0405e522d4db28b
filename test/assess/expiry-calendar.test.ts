import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  activeOn,
  calendarOfDays,
  calendarOfTokens,
  describeCohort,
  expiryOutcome,
  isoDay,
} from '../../src/assess/expiry-calendar.js';
import type { GrantState } from '../../src/assess/grant-state.js';
import type { RefreshDecision } from '../../src/assess/refresh-due.js';
import type { RefreshConfig } from '../../src/config/refresh-config.js';

const dayMs = 86_400_000;
const now = new Date('2025-11-24T12:00:00Z');
const today = Math.floor(now.getTime() / dayMs);
const due: RefreshDecision = { due: false, because: 'not_yet', dueAtMs: 0 };
const never: RefreshDecision = { due: false, because: 'no_expiry', dueAtMs: null };
const ours = { mode: 'on' } as RefreshConfig;

const token = (iso: string | number | null, facts: object = {}) => ({
  active: true,
  grant: 'live' as GrantState,
  hasRefreshToken: true as boolean | null,
  decision: due,
  expiresAtMs: typeof iso === 'string' ? Date.parse(iso) : iso,
  ...facts,
});

describe('what comes of a token at its expiry', () => {
  it.each([
    ['is refreshed where that is our job', {}, ours, 'refreshed'],
    ['is unknown where it is not', {}, null, 'unknown'],
    ['is unknown while nothing is sent', {}, { ...ours, mode: 'shadow' as const }, 'unknown'],
    ['is unknown after a refresh that failed', { grant: 'at_risk' }, ours, 'unknown'],
    ['lapses with a dead grant', { grant: 'dead', decision: never }, ours, 'lapses'],
    [
      'lapses without a refresh token, whoever refreshes',
      { hasRefreshToken: false },
      null,
      'lapses',
    ],
    ['lapses where it never is due', { decision: never }, ours, 'lapses'],
    ['is nothing to an inactive one', { active: false }, ours, 'inactive'],
  ])('%s', (_, facts, refresh, expected) => {
    expect(expiryOutcome(token(null, facts), refresh)).toBe(expected);
  });
});

describe('the calendar of expiries', () => {
  const days = (...tokens: ReturnType<typeof token>[]) =>
    calendarOfTokens(tokens, ours, tokens.length, now).days.map(
      (each) => [isoDay(each.day), activeOn(each)] as const,
    );

  it('counts by days of UTC, from now to the end of the ninetieth', () => {
    expect(
      days(
        token('2025-11-24T11:59:59.999Z'),
        token('2025-11-24T12:00:00Z'),
        token('2025-11-24T23:59:59.999Z'),
        token('2025-11-25T00:00:00Z'),
        token('2026-02-21T23:59:59.999Z'),
        token('2026-02-22T00:00:00Z'),
        token(Infinity),
        token(-Infinity),
        token(null),
      ),
    ).toEqual([
      ['2025-11-24', 2],
      ['2025-11-25', 1],
      ['2026-02-21', 1],
    ]);
  });

  it('leaves no token out and counts none twice', () => {
    const tokens = fc.array(
      fc.record({
        active: fc.boolean(),
        grant: fc.constantFrom<GrantState>('live', 'dead', 'at_risk', 'unknown'),
        hasRefreshToken: fc.constantFrom(true, false, null),
        decision: fc.constantFrom(due, never),
        expiresAtMs: fc.integer({ min: now.getTime() - dayMs, max: now.getTime() + 100 * dayMs }),
      }),
    );
    fc.assert(
      fc.property(tokens, (all) => {
        const { days: counted } = calendarOfTokens(all, ours, all.length, now);
        const sum = counted.flatMap(({ counts }) => Object.values(counts));
        const within = all.filter(
          ({ expiresAtMs }) =>
            expiresAtMs >= now.getTime() && Math.floor(expiresAtMs / dayMs) < today + 90,
        );
        expect(sum.reduce((a, b) => a + b, 0)).toBe(within.length);
      }),
    );
  });

  it('is the same from counts, as far as these can tell', () => {
    const counted = [
      { day: today, active: true, tokens: 3 },
      { day: today, active: false, tokens: 2 },
    ];
    expect(calendarOfDays(counted, 3, now).days).toEqual([
      { day: today, counts: { refreshed: 0, lapses: 0, inactive: 2, unknown: 3 } },
    ]);
  });
});

describe('a cohort', () => {
  const cohort = (counts: Readonly<Record<number, number>>, of: number, active = true) =>
    calendarOfDays(
      Object.entries(counts).map(([offset, tokens]) => ({
        day: today + Number(offset),
        active,
        tokens,
      })),
      of,
      now,
    ).cohort;

  it('is named by its days, and by how many a refresh saves', () => {
    const tokens = [
      ...Array.from({ length: 30 }, () => token('2025-11-27T01:00:00Z')),
      ...Array.from({ length: 7 }, () => token('2025-11-29T01:00:00Z', { grant: 'dead' })),
      ...Array.from({ length: 4 }, () => token('2026-01-29T01:00:00Z')),
    ];
    const found = calendarOfTokens(tokens, ours, 41, now).cohort!;
    expect(describeCohort(found)).toBe(
      '37 of 41 active tokens expire 27-29 Nov, a refresh saves 30 of them',
    );
    const over = { ...found, toDay: found.fromDay + 4, refreshed: 0 };
    expect(describeCohort(over)).toContain(
      'expire 27 Nov - 1 Dec, no refresh is sure to save them',
    );
    expect(describeCohort({ ...found, toDay: found.fromDay, refreshed: 37 })).toContain(
      'expire on 27 Nov, but are refreshed before',
    );
  });

  it('is at least five tokens, half of the active ones, and within three days', () => {
    expect(cohort({ 3: 4 }, 4)).toBeNull();
    expect(cohort({ 3: 5 }, 10)).toMatchObject({ tokens: 5, of: 10 });
    expect(cohort({ 3: 5 }, 11)).toBeNull();
    expect(cohort({ 3: 3, 5: 3 }, 6)).toMatchObject({
      fromDay: today + 3,
      toDay: today + 5,
      tokens: 6,
    });
    expect(cohort({ 3: 3, 6: 3 }, 6)).toBeNull();
    expect(cohort({ 3: 9 }, 0, false)).toBeNull();
    expect(cohort({}, 0)).toBeNull();
  });

  it('is the largest there is, and of two equal ones the earlier', () => {
    expect(cohort({ 1: 5, 30: 6 }, 11)).toMatchObject({ fromDay: today + 30, tokens: 6 });
    expect(cohort({ 1: 6, 30: 6 }, 12)).toMatchObject({ fromDay: today + 1 });
  });
});
