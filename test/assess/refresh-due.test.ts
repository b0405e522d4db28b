import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grantStates } from '../../src/assess/grant-state.js';
import { decideRefresh, leadTimeMs } from '../../src/assess/refresh-due.js';
import type { RefreshSubject } from '../../src/assess/refresh-due.js';
import { stableJitterMs } from '../../src/assess/stable-jitter.js';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const poll = minute;

const expiresAtMs = 1_764_230_400_000;
const token: RefreshSubject = {
  provider: 'fathom',
  tokenId: '6f1c9a52',
  grant: 'live',
  hasRefreshToken: true,
  expiresAtMs,
  lifetimeMs: day,
  declaredLifetimeMs: null,
  refreshedAtMs: null,
  syncAuthFailedAtMs: null,
  notBeforeMs: null,
};
const dueAtMs = Math.floor(expiresAtMs - 8 * hour - stableJitterMs('fathom', '6f1c9a52', day));

describe('the lead time', () => {
  it.each([
    ['10 min', 10 * minute, poll, 200 * second],
    ['1 h', hour, poll, 20 * minute],
    ['24 h', day, poll, 8 * hour],
    ['21 days: exactly the week', 21 * day, poll, 7 * day],
    ['60 days: the week of the runbook', 60 * day, poll, 7 * day],
    ['6 min: exactly two polls', 6 * minute, poll, 2 * minute],
    ['a millisecond less: still two polls', 6 * minute - 1, poll, 2 * minute],
    ['4 min: two polls are half of it', 4 * minute, poll, 2 * minute],
    ['a millisecond less: half of it', 4 * minute - 2, poll, 2 * minute - 1],
    ['3 min with polls of 5 s: a minute', 3 * minute, 5 * second, minute],
    ['90 s with polls of 5 s: half of it', 90 * second, 5 * second, 45 * second],
    ['24 h with polls of 6 h: half of it', day, 6 * hour, 12 * hour],
    ['unknown: two polls', null, poll, 2 * minute],
    ['unknown with polls of 5 s: a minute', null, 5 * second, minute],
  ])('of a lifetime of %s', (_, lifetimeMs, pollIntervalMs, expected) => {
    expect(leadTimeMs(lifetimeMs, pollIntervalMs)).toBe(expected);
  });
});

describe('a token with an expiry', () => {
  it('is due from its due time on', () => {
    expect(decideRefresh(token, dueAtMs, poll)).toEqual({ due: true, because: 'expiry', dueAtMs });
  });

  it('is not due a millisecond before', () => {
    const expected = { due: false, because: 'not_yet', dueAtMs };
    expect(decideRefresh(token, dueAtMs - 1, poll)).toEqual(expected);
  });

  it('is due at a lead time without jitter when its lifetime is unknown', () => {
    const unknown = { ...token, lifetimeMs: null };
    const at = expiresAtMs - 2 * minute;
    expect(decideRefresh(unknown, at, poll)).toEqual({ due: true, because: 'expiry', dueAtMs: at });
    expect(decideRefresh(unknown, at - 1, poll).due).toBe(false);
  });

  it('stays due after it has expired', () => {
    expect(decideRefresh(token, expiresAtMs + 30 * day, poll).due).toBe(true);
    expect(decideRefresh({ ...token, expiresAtMs: -Infinity }, 0, poll).due).toBe(true);
  });

  it('is due although nobody may see whether it has a refresh token', () => {
    expect(decideRefresh({ ...token, hasRefreshToken: null }, dueAtMs, poll).due).toBe(true);
  });

  it('is not moved by a sync that failed', () => {
    const failed = { ...token, syncAuthFailedAtMs: dueAtMs - hour };
    expect(decideRefresh(failed, dueAtMs - 1, poll)).toMatchObject({ due: false, dueAtMs });
  });
});

describe('a token that backs off', () => {
  const backingOff = { ...token, notBeforeMs: dueAtMs + minute };

  it('waits, and its due time stays where it is', () => {
    expect(decideRefresh(backingOff, dueAtMs + minute - 1, poll)).toEqual({
      due: false,
      because: 'backing_off',
      dueAtMs,
      notBeforeMs: dueAtMs + minute,
    });
  });

  it('is due again from the end of its backoff on', () => {
    expect(decideRefresh(backingOff, dueAtMs + minute, poll).due).toBe(true);
  });

  it('is simply not due yet before its due time', () => {
    expect(decideRefresh(backingOff, dueAtMs - 1, poll)).toMatchObject({ because: 'not_yet' });
  });
});

describe('a token that is never due', () => {
  it.each<[string, Partial<RefreshSubject>, string]>([
    ['its grant is dead', { grant: 'dead' }, 'dead'],
    ['its row is inactive or gone', { grant: 'disabled' }, 'disabled'],
    ['it has no refresh token', { grant: 'unknown', hasRefreshToken: false }, 'no_refresh_token'],
    ['it never expires', { expiresAtMs: Infinity }, 'infinite'],
    [
      'it never expires, even though a sync failed',
      { expiresAtMs: Infinity, syncAuthFailedAtMs: 1 },
      'infinite',
    ],
    ['no expiry is recorded', { expiresAtMs: null }, 'no_expiry'],
    [
      'no expiry is recorded, and its last refresh is unknown',
      { expiresAtMs: null, declaredLifetimeMs: day },
      'no_expiry',
    ],
    [
      'no expiry is recorded, and its lifetime is only guessed',
      { expiresAtMs: null, refreshedAtMs: 1 },
      'no_expiry',
    ],
  ])('because %s', (_, subject, because) => {
    const decision = decideRefresh({ ...token, ...subject }, expiresAtMs + day, poll);
    expect(decision).toEqual({ due: false, because, dueAtMs: null });
  });
});

describe('a token without a recorded expiry', () => {
  const refreshedAtMs = expiresAtMs - day;
  const declared = { ...token, expiresAtMs: null, refreshedAtMs, declaredLifetimeMs: day };

  it('is due when its declared lifetime says so', () => {
    const expected = { due: true, because: 'declared_lifetime', dueAtMs };
    expect(decideRefresh(declared, dueAtMs, poll)).toEqual(expected);
    expect(decideRefresh(declared, dueAtMs - 1, poll)).toMatchObject({ because: 'not_yet' });
  });

  it.each([
    ['nothing else is known', { refreshedAtMs: null, declaredLifetimeMs: null }, 1],
    ['it was refreshed a millisecond before', {}, refreshedAtMs + 1],
    ['its declared lifetime is far from over', {}, refreshedAtMs + hour],
    ['its declared lifetime is over a millisecond later', {}, dueAtMs - 1],
  ])('is due when a sync failed for it and %s', (_, subject, syncAuthFailedAtMs) => {
    const failed = { ...declared, ...subject, syncAuthFailedAtMs };
    const expected = { due: true, because: 'sync_auth_failure', dueAtMs: syncAuthFailedAtMs };
    expect(decideRefresh(failed, syncAuthFailedAtMs, poll)).toEqual(expected);
  });

  it('is not due for a sync that failed at the moment of its last refresh or before', () => {
    const repaired = { ...declared, syncAuthFailedAtMs: refreshedAtMs };
    expect(decideRefresh(repaired, refreshedAtMs + 1, poll)).toMatchObject({ because: 'not_yet' });
  });

  it('keeps its due time when a sync fails after it', () => {
    const failed = { ...declared, syncAuthFailedAtMs: dueAtMs + 1 };
    const expected = { due: true, because: 'declared_lifetime', dueAtMs };
    expect(decideRefresh(failed, dueAtMs + 1, poll)).toEqual(expected);
  });
});

describe('laws of refreshing', () => {
  const instant = fc.integer({ min: 0, max: 2 * expiresAtMs });
  const duration = fc.integer({ min: 1, max: 400 * day });
  const anySubject: fc.Arbitrary<RefreshSubject> = fc.record({
    provider: fc.string(),
    tokenId: fc.string(),
    grant: fc.constantFrom(...grantStates),
    hasRefreshToken: fc.constantFrom(true, false, null),
    expiresAtMs: fc.option(fc.oneof(instant, fc.constantFrom(Infinity, -Infinity))),
    lifetimeMs: fc.option(duration),
    declaredLifetimeMs: fc.option(duration),
    refreshedAtMs: fc.option(instant),
    syncAuthFailedAtMs: fc.option(instant),
    notBeforeMs: fc.option(instant),
  });
  const anyPoll = fc.integer({ min: second, max: hour });

  it('the due time is never later than expiry − lead, and earlier only by the jitter', () => {
    fc.assert(
      fc.property(anySubject, instant, duration, anyPoll, (subject, now, lifetimeMs, pollMs) => {
        const live: RefreshSubject = { ...subject, grant: 'live', hasRefreshToken: true };
        const decision = decideRefresh({ ...live, expiresAtMs, lifetimeMs }, now, pollMs);
        const latest = expiresAtMs - leadTimeMs(lifetimeMs, pollMs);
        expect(decision.dueAtMs).toBeLessThanOrEqual(latest);
        expect(decision.dueAtMs).toBeGreaterThan(latest - Math.min(lifetimeMs / 10, minute) - 1);
      }),
    );
  });

  it('the lead time is positive, at most a week or two polls, and never over half a lifetime', () => {
    fc.assert(
      fc.property(duration, anyPoll, (lifetimeMs, pollMs) => {
        const leadMs = leadTimeMs(lifetimeMs, pollMs);
        expect(leadMs).toBeGreaterThan(0);
        expect(leadMs).toBeLessThanOrEqual(lifetimeMs / 2);
        expect(leadMs).toBeLessThanOrEqual(Math.max(7 * day, 2 * pollMs));
      }),
    );
  });

  it('dead, disabled, infinite and without a refresh token are never due', () => {
    fc.assert(
      fc.property(anySubject, instant, anyPoll, (subject, now, pollMs) => {
        const { due, dueAtMs: at } = decideRefresh(subject, now, pollMs);
        const never =
          subject.grant === 'dead' ||
          subject.grant === 'disabled' ||
          subject.hasRefreshToken === false ||
          subject.expiresAtMs === Infinity;
        expect(never && (due || at !== null)).toBe(false);
      }),
    );
  });

  it('nothing is due before its due time or within its backoff', () => {
    fc.assert(
      fc.property(anySubject, instant, anyPoll, (subject, now, pollMs) => {
        const decision = decideRefresh(subject, now, pollMs);
        if (!decision.due) return;
        expect(now).toBeGreaterThanOrEqual(decision.dueAtMs);
        expect(now).toBeGreaterThanOrEqual(subject.notBeforeMs ?? 0);
      }),
    );
  });

  it('time alone makes a token due and never takes it back', () => {
    fc.assert(
      fc.property(anySubject, instant, duration, anyPoll, (subject, now, later, pollMs) => {
        if (!decideRefresh(subject, now, pollMs).due) return;
        expect(decideRefresh(subject, now + later, pollMs).due).toBe(true);
      }),
    );
  });
});
