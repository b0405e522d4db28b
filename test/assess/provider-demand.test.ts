import { describe, expect, it } from 'vitest';
import { assessToken } from '../../src/assess/assessed-token.js';
import type { AssessedProvider, AssessedToken } from '../../src/assess/assessed-token.js';
import { describeDemand } from '../../src/assess/demand.js';
import { assessProviderDemand } from '../../src/assess/provider-demand.js';
import type { RefreshConfig } from '../../src/config/refresh-config.js';
import { tokenMemoryOf } from './token-memory-of.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const now = Date.parse('2025-11-29T12:00:00Z');
const pollIntervalMs = 30_000;

const tokenEndpoint: RefreshConfig['way'] = {
  kind: 'token_endpoint',
  url: 'https://auth.example.com/token',
  clientId: 'id',
  clientSecret: null,
  clientAuthentication: 'none',
  parameters: {},
  headers: {},
  errorAliases: {},
};
const appEndpoint = (perRow: boolean): RefreshConfig['way'] => ({
  kind: 'app_endpoint',
  url: 'https://app.example.com/refresh',
  headers: {},
  body: null,
  perRow,
});

function providerOf(refresh: Partial<RefreshConfig> = {}): AssessedProvider {
  return {
    name: 'fathom',
    declaredLifetimeMs: hour,
    expiringSoonMs: 7 * 24 * hour,
    refresh: {
      mode: 'on',
      way: tokenEndpoint,
      rateLimit: { requests: 60, perMs: minute },
      concurrency: 3,
      invalidGrantConfirmAfterMs: minute,
      ...refresh,
    },
    syncs: null,
  };
}

interface TokenFacts {
  readonly expiresAtMs: number | null;
  readonly lifetimeMs: number;
  readonly hasRefreshToken: boolean;
  readonly notBeforeMs: number | null;
  readonly refreshedAtMs: number | null;
}

function tokens(count: number, facts: Partial<TokenFacts> = {}): AssessedToken[] {
  const { expiresAtMs = now + hour, lifetimeMs = hour, hasRefreshToken = true } = facts;
  const { notBeforeMs = null, refreshedAtMs = null } = facts;
  return Array.from({ length: count }, (_, index) => {
    const row = {
      id: `t${String(index)}`,
      subject: null,
      account: null,
      currentFingerprint: null,
      syncAuthFailedAtMs: null,
    };
    const memory = tokenMemoryOf({
      tokenId: row.id,
      observedLifetimesMs: [lifetimeMs],
      notBeforeMs,
      refreshedAtMs,
    });
    const facts = { ...row, active: true, expiresAtMs, hasRefreshToken };
    return assessToken(providerOf(), facts, memory, now, pollIntervalMs);
  });
}

const demandOf = (all: readonly AssessedToken[], provider = providerOf()) =>
  assessProviderDemand(provider, all, now, pollIntervalMs);

const said = (all: readonly AssessedToken[]) => {
  const demand = demandOf(all);
  return demand && describeDemand(demand);
};

describe('the rate that a provider’s tokens need', () => {
  it('is that of their lifetimes while none is due', () => {
    expect(said(tokens(10_000))).toBe('needs 170/min, allowed 60');
    expect(said(tokens(10_000, { lifetimeMs: day, expiresAtMs: now + day }))).toBe(
      'needs 7/min, allowed 60',
    );
  });

  it('is that of the cohort where many wait and expire together', () => {
    const cohort = tokens(1000, { lifetimeMs: day, expiresAtMs: now + 10 * minute });
    expect(demandOf(cohort)).toEqual({
      feasible: false,
      shortage: 'cohort',
      neededPerMinute: 100,
      allowedPerMinute: 60,
    });
  });

  it('counts those that have expired with the ones that they go before', () => {
    const expired = tokens(1000, { lifetimeMs: day, expiresAtMs: now - day });
    expect(said(expired)).toBe('needs 0.7/min, allowed 60');
    const one = tokens(1, { lifetimeMs: day, expiresAtMs: now + 10 * minute });
    expect(said([...expired, ...one])).toBe('needs 110/min, allowed 60');
  });

  it('leaves out what is never due, and what is backing off', () => {
    const soon = { lifetimeMs: day, expiresAtMs: now + 10 * minute };
    expect(said(tokens(1000, { ...soon, hasRefreshToken: false }))).toBe('needs 0/min, allowed 60');
    expect(said(tokens(1000, { ...soon, notBeforeMs: now + 1 }))).toBe('needs 0.7/min, allowed 60');
    expect(said(tokens(1000, { ...soon, notBeforeMs: now }))).toBe('needs 100/min, allowed 60');
  });

  it('reckons by the declared lifetime where no expiry is recorded', () => {
    const waiting = tokens(1000, { expiresAtMs: null, refreshedAtMs: now - 50 * minute });
    expect(demandOf(waiting)).toMatchObject({ shortage: 'cohort' });
  });

  it('is compared with the rate per minute, whatever the limit counts in', () => {
    const perSecond = providerOf({ rateLimit: { requests: 2, perMs: 1000 } });
    expect(demandOf(tokens(10_000), perSecond)).toMatchObject({
      feasible: false,
      allowedPerMinute: 120,
    });
  });

  it('is met by a rate that is exactly enough', () => {
    expect(demandOf(tokens(3600))).toMatchObject({ feasible: true, neededPerMinute: 60 });
    expect(demandOf(tokens(3601))).toMatchObject({ feasible: false });
  });

  it.each([
    ['nobody refreshes', { ...providerOf(), refresh: null }],
    ['shadow mode only counts', providerOf({ mode: 'shadow' })],
    ['refreshing is off', providerOf({ mode: 'off' })],
    ['one call refreshes them all', providerOf({ way: appEndpoint(false) })],
  ])('means nothing where %s', (_, provider) => {
    expect(demandOf(tokens(10), provider)).toBeNull();
  });

  it('holds for an endpoint that is called for each row', () => {
    expect(demandOf(tokens(60), providerOf({ way: appEndpoint(true) }))).toMatchObject({
      feasible: true,
      neededPerMinute: 1,
    });
  });
});
