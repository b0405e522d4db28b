import { describe, expect, it } from 'vitest';
import { simulateRefreshing } from './simulate-refreshing.js';
import type { SimulatedToken, SimulationResult } from './simulate-refreshing.js';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const startMs = Date.UTC(2025, 10, 27, 0, 0, 0);
const provider = { lifetimeMs: day, startMs, requestsPerMinute: 60, concurrency: 3 };
const isDead = (tokenId: string) => tokenId.startsWith('dead');

/** Live tokens whose expiries are spread evenly over the next day. */
function liveTokens(count: number): SimulatedToken[] {
  return Array.from({ length: count }, (_, n) => {
    const expiresAtMs = startMs + Math.round(((n + 1) / count) * day);
    return { id: `live-${n}`, expiresAtMs, refreshedAtMs: expiresAtMs - day };
  });
}

/** Dead ones that expired long ago: the earliest expiries of the table. */
function deadTokens(count: number): SimulatedToken[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `dead-${n}`,
    expiresAtMs: startMs - 90 * day + n * hour,
    refreshedAtMs: null,
  }));
}

function idsThat(outcome: string, { attempts }: SimulationResult): Set<string> {
  return new Set(attempts.filter((each) => each.outcome === outcome).map((each) => each.tokenId));
}

describe('dead rows in a neglected table', () => {
  it.each([
    ['three among a hundred live ones', 3],
    ['as many as there are live ones', 100],
  ])('never stop the live ones: %s', (_, count) => {
    const result = simulateRefreshing({
      ...provider,
      tokens: [...deadTokens(count), ...liveTokens(100)],
      endMs: startMs + 12 * hour,
      answer: (tokenId) => (isDead(tokenId) ? 'invalid_grant' : null),
    });
    const refreshed = result.attempts.filter(({ outcome }) => outcome === 'refreshed');
    expect(refreshed.every((each) => each.endedAtMs < each.expiresAtMs)).toBe(true);
    // Due by the end: what expires within the lead time of 8 h after it.
    expect(idsThat('refreshed', result).size).toBeGreaterThanOrEqual(83);
    expect(idsThat('dead', result).size).toBe(count);
    expect(result.changes.map(({ change }) => change)).not.toContain('mass_death');
  });

  it('are asked twice each and never again', () => {
    const result = simulateRefreshing({
      ...provider,
      tokens: [...deadTokens(3), ...liveTokens(100)],
      endMs: startMs + 12 * hour,
      answer: (tokenId) => (isDead(tokenId) ? 'invalid_grant' : null),
    });
    expect(result.attempts.filter(({ tokenId }) => isDead(tokenId))).toHaveLength(6);
  });
});

describe('a provider that is down for half an hour', () => {
  const upAgainMs = startMs + 30 * minute;
  const result = simulateRefreshing({
    ...provider,
    tokens: liveTokens(1000),
    endMs: startMs + 2 * hour,
    answer: (_, nowMs) => (nowMs < upAgainMs ? 'server_error' : null),
  });

  it('is hardly asked while it is down', () => {
    const asked = result.attempts.filter(({ endedAtMs }) => endedAtMs < upAgainMs);
    expect(asked.length).toBeGreaterThanOrEqual(6);
    expect(asked.length).toBeLessThanOrEqual(15);
  });

  it('is found to be up within five minutes, by one canary', () => {
    const closed = result.changes.find(({ change }) => change === 'closed');
    expect(closed?.atMs).toBeLessThan(upAgainMs + 6 * minute);
    expect(result.changes.filter(({ change }) => change === 'opened')).toHaveLength(1);
  });

  it('costs no token its validity that did not expire within the outage itself', () => {
    const refreshed = result.attempts.filter(({ outcome }) => outcome === 'refreshed');
    const late = refreshed.filter((each) => each.endedAtMs >= each.expiresAtMs);
    expect(late.every(({ expiresAtMs }) => expiresAtMs < upAgainMs + 6 * minute)).toBe(true);
    expect(idsThat('refreshed', result).size).toBeGreaterThanOrEqual(400);
  });
});

describe('a true mass death', () => {
  const result = simulateRefreshing({
    ...provider,
    tokens: liveTokens(200),
    endMs: startMs + 24 * hour,
    answer: () => 'invalid_grant',
  });

  it('is believed once, after three canaries', () => {
    const deaths = result.changes.filter(({ change }) => change === 'mass_death');
    expect(deaths).toHaveLength(1);
    expect(deaths[0]?.atMs).toBeGreaterThan(startMs + 15 * minute);
    expect(deaths[0]?.atMs).toBeLessThan(startMs + 30 * minute);
  });

  it('ends with every grant classified, each asked twice', () => {
    expect(idsThat('dead', result).size).toBe(200);
    expect(result.attempts).toHaveLength(400);
  });
});

describe('a provider that answers invalid_grant to everyone for ten minutes', () => {
  it('leaves almost no grant for dead', () => {
    const result = simulateRefreshing({
      ...provider,
      tokens: liveTokens(1000),
      endMs: startMs + 2 * hour,
      answer: (_, nowMs) => (nowMs < startMs + 10 * minute ? 'invalid_grant' : null),
    });
    expect(idsThat('dead', result).size).toBeLessThanOrEqual(1);
    expect(idsThat('refreshed', result).size).toBeGreaterThanOrEqual(400);
  });
});
