import { describe, expect, it } from 'vitest';
import { assessToken, type AssessedProvider } from '../../src/assess/assessed-token.js';
import {
  cliffHorizonMs,
  findUnrefreshed,
  hasExpired,
  isTimeToTell,
} from '../../src/assess/unrefreshed.js';
import { runAtOnce } from '../../src/assess/slices.js';
import type { TokenMemory } from '../../src/store/token-memory.js';
import { refreshing } from '../publish/assessed-tokens.js';
import { tokenMemoryOf } from './token-memory-of.js';

const now = 1_800_000_000_000;
const hour = 3_600_000;
const day = 24 * hour;

/** Its tokens live 60 days, and refreshing them is not our job. */
const observed: AssessedProvider = {
  name: 'app',
  declaredLifetimeMs: 60 * day,
  expiringSoonMs: 7 * day,
  refresh: null,
  syncs: null,
};
const refreshed = { ...observed, refresh: refreshing };

interface Spec {
  readonly expiresAtMs?: number | null;
  readonly active?: boolean;
  readonly hasRefreshToken?: boolean | null;
  readonly memory?: Partial<TokenMemory>;
}

/** What is found among tokens that expire in six days and were watched for two without a move. */
function findAmong(specs: readonly Spec[], provider = observed) {
  const tokens = specs.map(({ memory, ...row }, index) =>
    assessToken(
      provider,
      {
        id: `t${index}`,
        subject: null,
        account: null,
        active: true,
        expiresAtMs: now + 6 * day,
        hasRefreshToken: true,
        currentFingerprint: null,
        syncAuthFailedAtMs: null,
        ...row,
      },
      tokenMemoryOf({ firstSeenAtMs: now - 2 * day, ...memory }),
      now,
      30_000,
    ),
  );
  const { tokens: found, cohort } = runAtOnce(findUnrefreshed(provider, tokens, now));
  return {
    found: found.map(({ token }) => token.tokenId),
    told: found.filter(isTimeToTell).map(({ token }) => token.tokenId),
    expired: found.filter(hasExpired).map(({ token }) => token.tokenId),
    cohort: cohort.map(({ token }) => token.tokenId),
  };
}

const isFound = (spec: Spec, provider = observed) => findAmong([spec], provider).found.length === 1;
const moved = (agoMs: number): Spec => ({ memory: { expiryMovedAtMs: now - agoMs } });
const seen = (agoMs: number): Spec => ({ memory: { firstSeenAtMs: now - agoMs } });

describe('a token that nobody refreshes', () => {
  it.each<[string, Spec, boolean]>([
    ['is one of which nothing was seen', {}, true],
    ['is also one that has expired', { expiresAtMs: now - 30 * day }, true],
    ['is none that never expires', { expiresAtMs: Infinity }, false],
    ['is none whose expiry is not recorded', { expiresAtMs: null }, false],
    ['is none that is switched off', { active: false }, false],
    ['is none whose grant is dead', { memory: { deadSinceMs: now - 1 } }, false],
    ['is one after a day of watching', seen(day), true],
    ['is none a millisecond before', seen(day - 1), false],
    ['is none whose expiry moved a lifetime ago', moved(60 * day), false],
    ['is one when it moved a millisecond earlier', moved(60 * day + 1), true],
    [
      'is none that was refreshed a lifetime ago',
      { memory: { refreshedAtMs: now - 60 * day } },
      false,
    ],
  ])('%s', (_, spec, expected) => {
    expect(isFound(spec)).toBe(expected);
  });

  it('is none where refreshing is our job, except without a refresh token', () => {
    expect(isFound({}, refreshed)).toBe(false);
    expect(isFound({ hasRefreshToken: null }, refreshed)).toBe(false);
    expect(isFound({ hasRefreshToken: false }, refreshed)).toBe(true);
  });

  it('without a refresh token is one at once, and whoever refreshes the others', () => {
    const lost = { hasRefreshToken: false, ...seen(0) };
    expect(findAmong([lost, moved(day)]).found).toEqual(['t0']);
  });

  it('without a refresh token is none when its own expiry moved', () => {
    expect(isFound({ hasRefreshToken: false, ...moved(day) })).toBe(false);
  });

  it('is none where an active token of the provider was seen to move', () => {
    expect(findAmong([{}, moved(10 * day)]).found).toEqual([]);
    expect(findAmong([{}, { ...moved(10 * day), active: false }]).found).toEqual(['t0']);
  });

  it('is found at first sight when it has lapsed with half of the active ones', () => {
    const lapsed = (agoMs: number) => ({ expiresAtMs: now - agoMs, ...seen(0) });
    const young = seen(0);
    expect(findAmong([lapsed(60_001), young]).found).toEqual(['t0']);
    expect(findAmong([lapsed(60_001), young, young]).found).toEqual([]);
    expect(findAmong([lapsed(60_000), young]).found).toEqual([]);
  });
});

describe('the time to tell of it', () => {
  const isTold = (expiresInMs: number, memory: Partial<TokenMemory> = {}, provider = observed) =>
    findAmong([{ expiresAtMs: now + expiresInMs, memory }], provider).told.length === 1;

  it('is the EXPIRING SOON window before its expiry, by the bound of the status', () => {
    expect(isTold(7 * day)).toBe(false);
    expect(isTold(7 * day - 1)).toBe(true);
  });

  it('is a third of its lifetime where that is less', () => {
    const lives = { observedLifetimesMs: [3 * hour, 6 * hour], expiryMovedAtMs: now - 9 * day };
    expect(isTold(2 * hour, lives)).toBe(false);
    expect(isTold(2 * hour - 1, lives)).toBe(true);
  });

  it('does not take what was left at first sight for a lifetime', () => {
    const unknown = { ...observed, declaredLifetimeMs: null };
    expect(isTold(6 * day, { firstSeenAtMs: now - 2 * day }, unknown)).toBe(true);
  });

  it('has it expired a millisecond after its expiry, and not at it', () => {
    const at = (expiresAtMs: number) => findAmong([{ expiresAtMs }]);
    expect(at(now)).toMatchObject({ told: ['t0'], expired: [], cohort: ['t0'] });
    expect(at(now - 1)).toMatchObject({ told: ['t0'], expired: ['t0'], cohort: [] });
  });
});

describe('healthy tokens that live a day', () => {
  const daily = { ...observed, declaredLifetimeMs: day };

  it('are none of them, though they always expire soon', () => {
    const tokens = Array.from({ length: 24 }, (_, hours) => ({
      expiresAtMs: now + (hours + 1) * hour,
      memory: { firstSeenAtMs: now - 90 * day, expiryMovedAtMs: now - (23 - hours) * hour },
    }));
    expect(findAmong(tokens, daily).found).toEqual([]);
    expect(findAmong(tokens, { ...daily, refresh: refreshing }).found).toEqual([]);
  });

  it('are none of them on the first day of watching', () => {
    expect(isFound({ expiresAtMs: now + hour, ...seen(23 * hour) }, daily)).toBe(false);
  });
});

describe('the cohort', () => {
  const cohortOf = (...expiresInMs: readonly number[]) =>
    findAmong(expiresInMs.map((ms) => ({ expiresAtMs: now + ms }))).cohort;

  it('is of those that expire less than 72 hours apart, the earliest first', () => {
    expect(cohortOf(11 * day, 10 * day, 13 * day - 1, 20 * day)).toEqual(['t1', 't0', 't2']);
    expect(cohortOf(10 * day, 13 * day)).toEqual(['t0']);
  });

  it('is looked for up to 30 days ahead', () => {
    expect(cohortOf(cliffHorizonMs, cliffHorizonMs)).toHaveLength(2);
    expect(cohortOf(cliffHorizonMs + 1, cliffHorizonMs + 1)).toEqual([]);
  });
});
