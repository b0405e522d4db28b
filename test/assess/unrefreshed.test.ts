import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assessUnrefreshed,
  cliffWindowMs,
  largestCohort,
  type UnrefreshedToken,
} from '../../src/assess/unrefreshed.js';

const now = 1_800_000_000_000;
const hour = 3_600_000;
const day = 24 * hour;
const poll = 30_000;

/** Lives 60 days, expires in 6, and has been watched for two without a move. */
const sixtyDays: UnrefreshedToken = {
  active: true,
  expiresAtMs: now + 6 * day,
  hasRefreshToken: true,
  grant: 'unknown',
  lifetimeMs: 60 * day,
  memory: { firstSeenAtMs: now - 2 * day, expiryMovedAtMs: null },
};

const seen = (firstSeenAtMs: number, expiryMovedAtMs: number | null = null) => ({
  memory: { firstSeenAtMs, expiryMovedAtMs },
});

const expiringOf = (token: Partial<UnrefreshedToken>, refreshedByUs = false) =>
  assessUnrefreshed([{ ...sixtyDays, ...token }], refreshedByUs, now, poll).expiring;

describe('a token that nobody refreshes', () => {
  it.each<[string, Partial<UnrefreshedToken>, number]>([
    ['counts within the week before its expiry', {}, 1],
    ['counts from exactly when its refresh is due', { expiresAtMs: now + 7 * day }, 1],
    ['does not count a millisecond before', { expiresAtMs: now + 7 * day + 1 }, 0],
    ['counts a millisecond before its expiry', { expiresAtMs: now + 1 }, 1],
    ['no longer counts once it has expired', { expiresAtMs: now }, 0],
    ['does not count when it never expires', { expiresAtMs: Infinity }, 0],
    ['does not count when no expiry is recorded', { expiresAtMs: null }, 0],
    ['does not count when it is switched off', { active: false, grant: 'disabled' }, 0],
    ['does not count when its grant is dead', { grant: 'dead', hasRefreshToken: false }, 0],
    ['counts after a day of watching', seen(now - day), 1],
    ['does not count a millisecond before', seen(now - day + 1), 0],
    ['does not count when its expiry moved a lifetime ago', seen(0, now - 60 * day), 0],
    ['counts when it moved a millisecond earlier', seen(0, now - 60 * day - 1), 1],
  ])('%s', (_, token, expected) => {
    expect(expiringOf(token)).toBe(expected);
  });

  it('is none where refreshing is our job, except without a refresh token', () => {
    expect(expiringOf({}, true)).toBe(0);
    expect(expiringOf({ hasRefreshToken: null }, true)).toBe(0);
    expect(expiringOf({ hasRefreshToken: false }, true)).toBe(1);
  });

  it('is none where another token of the provider was seen to move', () => {
    const other = { ...sixtyDays, expiresAtMs: now + 50 * day, ...seen(0, now - 10 * day) };
    expect(assessUnrefreshed([sixtyDays, other], false, now, poll)).toEqual({
      expiring: 0,
      cohort: 0,
    });
  });

  it('without a refresh token counts at once, and whoever refreshes the others', () => {
    const lost = { ...sixtyDays, hasRefreshToken: false, ...seen(now) };
    const other = { ...sixtyDays, ...seen(0, now - day) };
    expect(assessUnrefreshed([lost, other], false, now, poll).expiring).toBe(1);
  });
});

describe('healthy tokens that live a day', () => {
  const daily = { ...sixtyDays, lifetimeMs: day };

  it('are none of them, though they always expire soon', () => {
    const tokens = Array.from({ length: 24 }, (_, hours) => ({
      ...daily,
      expiresAtMs: now + (hours + 1) * hour,
      ...seen(now - 90 * day, now - (23 - hours) * hour),
    }));
    const expected = { expiring: 0, cohort: 0 };
    expect(assessUnrefreshed(tokens, false, now, poll)).toEqual(expected);
    expect(assessUnrefreshed(tokens, true, now, poll)).toEqual(expected);
  });

  it('are none of them on the first day of watching', () => {
    expect(expiringOf({ ...daily, expiresAtMs: now + hour, ...seen(now - 23 * hour) })).toBe(0);
  });
});

describe('the cohort', () => {
  it('is found however far ahead it expires', () => {
    const ahead = [40, 41, 42.9, 43.1, 50].map((days) => ({
      ...sixtyDays,
      expiresAtMs: now + days * day,
    }));
    expect(assessUnrefreshed(ahead, false, now, poll)).toEqual({ expiring: 0, cohort: 3 });
  });

  it('is of instants less than the window apart', () => {
    expect(largestCohort([0, cliffWindowMs - 1], cliffWindowMs)).toBe(2);
    expect(largestCohort([0, cliffWindowMs], cliffWindowMs)).toBe(1);
    expect(largestCohort([], cliffWindowMs)).toBe(0);
  });

  it('is as large as counting from each instant says', () => {
    const instants = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 40 });
    fc.assert(
      fc.property(instants, fc.integer({ min: 1, max: 20 }), (times, windowMs) => {
        const within = times.map(
          (start) => times.filter((time) => time >= start && time < start + windowMs).length,
        );
        expect(largestCohort(times, windowMs)).toBe(Math.max(0, ...within));
      }),
    );
  });
});
