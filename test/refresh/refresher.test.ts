import { describe, expect, it } from 'vitest';
import type { ProviderConfig } from '../../src/config/config.js';
import type { RefreshConfig } from '../../src/config/refresh-config.js';
import { closedBreaker } from '../../src/refresh/breaker.js';
import { healthyProvider } from '../../src/refresh/provider-health.js';
import { createRefresher } from '../../src/refresh/refresher.js';
import type { RefresherEffects } from '../../src/refresh/refresher.js';
import type { ClaimDecision, UncertainClaim } from '../../src/store/claims.js';
import type { TokenMemory } from '../../src/store/token-memory.js';
import { until } from '../support/until.js';

const now = new Date('2026-01-01T00:00:00Z');
const provider = {
  name: 'fathom',
  refresh: { concurrency: 2 },
} as ProviderConfig & { refresh: RefreshConfig };

/** Its configuration has been accepted. */
const proven = {
  ...healthyProvider,
  trials: [{ configurationFingerprint: '', accepted: true, trial: null }],
};

function token(tokenId: string, failedLastTime = false) {
  return { tokenId, dueAtMs: 0, expiresAtMs: 0, refreshedAtMs: null, failedLastTime };
}

/** A state database of one table: who holds what, and the provider's breaker. */
function createState(breaker: unknown = proven) {
  const held = new Set<string>();
  const refreshed: { tokenId: string; isCanary: boolean }[] = [];
  const decisions: ClaimDecision[] = [];
  const given: (readonly UncertainClaim[])[] = [];
  let failures = 0;
  const effects: RefresherEffects = {
    claim: (_observedAt, uncertain, decide) => {
      given.push(uncertain);
      const decision = decide({ breaker, freeSlots: 100, nextSlotInMs: 0, now });
      decisions.push(decision);
      if (failures > 0) {
        failures -= 1;
        return Promise.reject(new Error('the connection was lost'));
      }
      const free = decision.tokenIds.filter((id) => !held.has(id)).slice(0, decision.limit);
      for (const id of free) held.add(id);
      return Promise.resolve({
        claimed: free.map((tokenId) => ({ tokenId }) as TokenMemory),
        nextSlotInMs: 0,
      });
    },
    refresh: ({ tokenId }, isCanary) => {
      refreshed.push({ tokenId, isCanary });
      return Promise.resolve('ended');
    },
    onPassedOver: () => undefined,
    onClaimFailed: () => undefined,
  };
  const failNext = () => {
    failures = 1;
  };
  return { effects, held, refreshed, decisions, given, failNext };
}

describe('the refresher of a provider', () => {
  it('passes over what other replicas hold in one claim', async () => {
    const state = createState();
    const ids = Array.from({ length: 100 }, (_, index) => `t${String(index)}`);
    for (const id of ids.slice(0, 96)) state.held.add(id);
    const refresher = createRefresher(provider, '', state.effects);
    refresher.offer({ observedAt: now, due: ids.map((id) => token(id)), candidates: [] });
    await until('the free ones are refreshed', () => state.refreshed.length === 4);
    expect(state.decisions.length).toBeLessThanOrEqual(2);
  });

  it('sends a canary though it is not due, and says so', async () => {
    const breaker = {
      breaker: {
        ...closedBreaker,
        phase: { kind: 'open', reason: 'server_error', untilMs: now.getTime(), confirming: null },
      },
      faults: [],
      retryAtMs: null,
    };
    const state = createState(breaker);
    const refresher = createRefresher(provider, '', state.effects);
    refresher.offer({
      observedAt: now,
      due: [token('failed', true)],
      candidates: [token('failed', true), token('healthy')],
    });
    await until('a canary was sent', () => state.refreshed.length > 0);
    expect(state.refreshed[0]).toEqual({ tokenId: 'healthy', isCanary: true });
  });

  it('has claims given back of which it could not learn whether they were committed', async () => {
    const state = createState();
    state.failNext();
    const refresher = createRefresher(provider, '', state.effects);
    const work = { observedAt: now, due: [token('a')], candidates: [] };
    refresher.offer(work);
    await until('it goes on', () => {
      refresher.offer(work);
      return state.refreshed.length === 1;
    });
    expect(state.given[1]).toEqual([{ tokenIds: ['a'], claimedAt: now }]);
  });
});
