import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProviderHealth } from '../../src/refresh/parse-provider-health.js';
import {
  admission,
  afterAttempt,
  faultUnder,
  healthyProvider,
  noteAlone,
  pausedFor,
} from '../../src/refresh/provider-health.js';
import type { Attempt, ProviderHealth } from '../../src/refresh/provider-health.js';

const minute = 60_000;
const hour = 60 * minute;

function attempt(facts: Partial<Attempt> = {}): Attempt {
  return {
    tokenId: 't',
    atMs: 1000,
    outcome: { kind: 'refreshed' },
    retryAfterMs: null,
    configurationFingerprint: 'old',
    ...facts,
  };
}

const refusal = attempt({ outcome: { kind: 'failed', reason: 'invalid_client' } });

/** A provider that has accepted both configurations. */
const proven: ProviderHealth = {
  ...healthyProvider,
  trials: ['old', 'new'].map((configurationFingerprint) => ({
    configurationFingerprint,
    accepted: true,
    trial: null,
  })),
};

function after(health: ProviderHealth, ...attempts: readonly Attempt[]): ProviderHealth {
  return attempts.reduce<ProviderHealth>(
    (before, next) => afterAttempt(before, next).health,
    health,
  );
}

describe('a provider that refuses our client', () => {
  it.each(['invalid_client', 'unauthorized_client', 'unsupported_grant_type'] as const)(
    'is paused at the first %s, until the configuration changes',
    (reason) => {
      const step = afterAttempt(proven, {
        ...refusal,
        outcome: { kind: 'failed', reason },
      });
      expect(step.changes).toEqual(['configuration_refused']);
      const paused = { kind: 'none', because: 'configuration', untilMs: null };
      expect(admission(step.health, 1000, 'old')).toEqual(paused);
      expect(admission(step.health, 1000 + 365 * 24 * hour, 'old')).toEqual(paused);
      expect(admission(step.health, 1000, 'new')).toEqual({ kind: 'all' });
      expect(faultUnder(step.health.faults, 'old')).toMatchObject({ reason, sinceMs: 1000 });
    },
  );

  it.each(['invalid_scope', 'invalid_request', 'server_error'] as const)(
    'is not paused by %s',
    (reason) => {
      const health = after(proven, { ...refusal, outcome: { kind: 'failed', reason } });
      expect(admission(health, 1000, 'old')).toEqual({ kind: 'all' });
    },
  );

  it('is one incident, however many requests were out', () => {
    const health = after(proven, refusal);
    const again = afterAttempt(health, { ...refusal, atMs: 2000 });
    expect(again.changes).toEqual([]);
    expect(faultUnder(again.health.faults, 'old')?.sinceMs).toBe(1000);
  });

  it('is asked again after a refresh that a person forced succeeded', () => {
    const step = afterAttempt(after(proven, refusal), attempt({ atMs: 2000 }));
    expect(step.changes).toEqual(['configuration_accepted']);
    expect(admission(step.health, 2000, 'old')).toEqual({ kind: 'all' });
  });

  it('stays paused for the replica with the old configuration when a new one succeeds', () => {
    const success = attempt({ atMs: 2000, configurationFingerprint: 'new' });
    const step = afterAttempt(after(proven, refusal), success);
    expect(step.changes).toEqual([]);
    expect(admission(step.health, 2000, 'old').kind).toBe('none');
  });

  it('is paused under both configurations when both are refused', () => {
    const health = after(proven, refusal, { ...refusal, configurationFingerprint: 'new' });
    expect(admission(health, 1000, 'old').kind).toBe('none');
    expect(admission(health, 1000, 'new').kind).toBe('none');
  });

  it('remembers the last few configurations only', () => {
    const refusals = ['a', 'b', 'c', 'd', 'e'].map((configurationFingerprint) => ({
      ...refusal,
      configurationFingerprint,
    }));
    expect(after(proven, ...refusals).faults.map((f) => f.configurationFingerprint)).toEqual([
      'b',
      'c',
      'd',
      'e',
    ]);
  });

  it('does not open the breaker as well', () => {
    const refusals = Array.from({ length: 16 }, (_, n) => ({ ...refusal, tokenId: `t${n}` }));
    const health = after(proven, ...refusals);
    expect(admission(health, 1000, 'new')).toEqual({ kind: 'all' });
  });
});

describe('Retry-After', () => {
  const slowDown = (retryAfterMs: number | null) =>
    attempt({ outcome: { kind: 'failed', reason: 'rate_limited' }, retryAfterMs });

  it('is waited for', () => {
    const health = after(proven, slowDown(30_000));
    const expected = { kind: 'none', because: 'retry_after', untilMs: 31_000 };
    expect(admission(health, 30_999, 'old')).toEqual(expected);
    expect(admission(health, 31_000, 'old')).toEqual({ kind: 'all' });
  });

  it('is never shortened by another answer', () => {
    const health = after(proven, slowDown(30_000), slowDown(1000), attempt());
    expect(health.retryAtMs).toBe(31_000);
  });

  it.each([
    ['none', null, null],
    ['0', 0, null],
    ['a time in the past', -5000, null],
    ['exactly an hour', hour, 1000 + hour],
    ['a millisecond more: an hour', hour + 1, 1000 + hour],
    ['a year: an hour', 365 * 24 * hour, 1000 + hour],
  ])('of %s', (_, retryAfterMs, expected) => {
    expect(after(proven, slowDown(retryAfterMs)).retryAtMs).toBe(expected);
  });
});

describe('the pauses of a provider', () => {
  const down = attempt({ outcome: { kind: 'failed', reason: 'server_error' } });

  const slow = { ...down, retryAfterMs: minute };
  const untilMs = 1000 + 5 * minute;
  const breaker = { reason: 'breaker', sinceMs: null, untilMs, failure: 'server_error' };

  it('are told apart, and several may hold at once', () => {
    const health = after(proven, refusal, slow, slow, slow, slow, slow);
    expect(pausedFor(health, 1000, 'old')).toEqual([
      { reason: 'configuration', sinceMs: 1000, untilMs: null, failure: 'invalid_client' },
      { reason: 'retry_after', sinceMs: null, untilMs: 1000 + minute, failure: null },
      breaker,
    ]);
  });

  it('hold for the configuration that was refused, and until the time that was asked for', () => {
    const health = after(healthyProvider, refusal, slow, slow, slow, slow, slow);
    const reasons = (nowMs: number, fingerprint: string) =>
      pausedFor(health, nowMs, fingerprint).map(({ reason }) => reason);
    expect(reasons(1000 + minute - 1, 'new')).toEqual(['retry_after', 'breaker']);
    expect(reasons(1000 + minute, 'new')).toEqual(['breaker']);
    expect(reasons(1000 + minute, 'old')).toEqual(['configuration', 'breaker']);
  });

  it('go on while one token decides about the others', () => {
    const suspect = after(healthyProvider, down, down, down, down, down);
    expect(pausedFor(suspect, untilMs + hour, 'old')).toEqual([breaker]);
    expect(pausedFor(noteAlone(suspect, 'fresh', 'old', 'p', 1000), 1000, 'old')).toEqual([
      breaker,
    ]);
  });

  it('are none for a healthy provider, nor after a success', () => {
    expect(pausedFor(healthyProvider, 0, 'old')).toEqual([]);
    const health = after(healthyProvider, down, down, down, down, down, attempt());
    expect(pausedFor(health, 1000, 'old')).toEqual([]);
  });

  it('hold a probe back too', () => {
    const suspect = after(proven, down, down, down, down, down);
    expect(admission(suspect, 1000, 'old')).toEqual({ kind: 'fresh' });
    expect(admission(noteAlone(suspect, 'fresh', 'old', 'p', 1000), 1000, 'old')).toEqual({
      kind: 'none',
      because: 'breaker',
      untilMs: 1000 + 5 * minute,
    });
    const slow = after(suspect, { ...down, retryAfterMs: minute });
    expect(admission(slow, 1000, 'old')).toMatchObject({ because: 'retry_after' });
  });
});

describe('the row of a provider', () => {
  const reasons = ['invalid_client', 'server_error', 'invalid_request', 'superseded'] as const;
  const anyAttempt = fc.record<Attempt>({
    tokenId: fc.constantFrom('a', 'b', 'c', 'd'),
    atMs: fc.nat(hour),
    outcome: fc.oneof(
      fc.constantFrom(...reasons).map((reason) => ({ kind: 'failed', reason }) as const),
      fc.constantFrom({ kind: 'refreshed' } as const, { kind: 'dead' } as const),
      fc.nat(hour).map((notBeforeMs) => ({ kind: 'suspected', notBeforeMs }) as const),
    ),
    retryAfterMs: fc.option(fc.nat(hour)),
    configurationFingerprint: fc.constantFrom('old', 'new'),
  });

  it('comes back from JSON as it was', () => {
    fc.assert(
      fc.property(fc.array(anyAttempt, { maxLength: 40 }), (attempts) => {
        const health = attempts.reduce<ProviderHealth>((before, next) => {
          const { tokenId, atMs, configurationFingerprint: configuration } = next;
          const { kind } = admission(before, atMs, configuration);
          const noted =
            kind === 'all' || kind === 'none'
              ? before
              : noteAlone(before, kind, configuration, tokenId, atMs);
          return after(noted, next);
        }, healthyProvider);
        expect(parseProviderHealth(JSON.parse(JSON.stringify(health)))).toEqual(health);
      }),
    );
  });

  it.each([
    ['new', {}],
    ['missing', null],
    ['of a version whose words are unknown', { ...healthyProvider, breaker: { phase: 'ajar' } }],
    ['half written', { breaker: healthyProvider.breaker }],
  ])('that is %s means a healthy provider', (_, json) => {
    expect(parseProviderHealth(json)).toEqual(healthyProvider);
  });
});
