import { describe, expect, it } from 'vitest';
import { decideRefresh } from '../../src/assess/refresh-due.js';
import { assessDemand, describeDemand } from '../../src/assess/demand.js';
import { simulateRefreshing } from './simulate-refreshing.js';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** All expire in the same millisecond: nothing but the jitter can spread them. */
const expiresAtMs = Date.UTC(2025, 10, 27, 8, 0, 0);
const tokens = Array.from({ length: 10_000 }, (_, n) => ({
  id: `token-${n}`,
  expiresAtMs,
  refreshedAtMs: null,
}));
const provider = { requestsPerMinute: 60, concurrency: 3, answer: () => null };

describe('10,000 tokens of a day that expire at once, at 60 requests a minute, 3 in flight', () => {
  const { attempts, mostInFlight, expiries } = simulateRefreshing({
    ...provider,
    tokens,
    lifetimeMs: day,
    startMs: expiresAtMs - 8 * hour - 5 * minute,
    endMs: expiresAtMs - 5 * hour,
  });

  it('are each refreshed exactly once', () => {
    expect(attempts).toHaveLength(10_000);
    expect(new Set(attempts.map(({ tokenId }) => tokenId)).size).toBe(10_000);
  });

  it('are refreshed hours before any of them expires', () => {
    const last = Math.max(...attempts.map(({ endedAtMs }) => endedAtMs));
    expect(expiresAtMs - last).toBeGreaterThan(5 * hour);
  });

  it('keep within the rate in every minute, and within the requests in flight', () => {
    const starts = attempts.map(({ startedAtMs }) => startedAtMs).sort((a, b) => a - b);
    const busiest = starts.slice(60).map((start, index) => start - (starts[index] ?? NaN));
    expect(Math.min(...busiest)).toBeGreaterThanOrEqual(minute);
    expect(mostInFlight).toBeLessThanOrEqual(3);
  });

  it('do not become due together', () => {
    const perSecond = countBy(tokens.map(({ id }) => Math.floor(dueAtMs(id) / second)));
    expect(perSecond.length).toBeGreaterThanOrEqual(60);
    expect(Math.max(...perSecond)).toBeLessThan((2 * 10_000) / 60);
  });

  it('do not expire together again', () => {
    const perMinute = countBy(expiries.map((at) => Math.floor(at / minute)));
    expect(Math.max(...perMinute)).toBeLessThanOrEqual(63);
  });

  it('need less than the rate', () => {
    const demand = assessDemand(
      [{ count: 10_000, lifetimeMs: day }],
      [{ count: 10_000, remainingMs: 8 * hour }],
      60,
    );
    expect(demand.feasible).toBe(true);
    expect(describeDemand(demand)).toBe('needs 21/min, allowed 60');
  });
});

describe('10,000 tokens of an hour at 60 requests a minute', () => {
  it('can not be kept alive, and the numbers say so before it happens', () => {
    const demand = assessDemand([{ count: 10_000, lifetimeMs: hour }], [], 60);
    expect(demand).toMatchObject({ feasible: false, shortage: 'steady' });
    expect(describeDemand(demand)).toBe('needs 170/min, allowed 60');
  });

  it('expire indeed while they wait, which the numbers for a day rule out', () => {
    const { attempts } = simulateRefreshing({
      ...provider,
      tokens,
      lifetimeMs: hour,
      startMs: expiresAtMs - 21 * minute,
      endMs: expiresAtMs + minute,
    });
    const inTime = attempts.filter((attempt) => attempt.endedAtMs < attempt.expiresAtMs);
    expect(inTime.length).toBeGreaterThan(1100);
    expect(inTime.length).toBeLessThan(1300);
  });
});

function dueAtMs(tokenId: string): number {
  const decision = decideRefresh(
    {
      provider: 'fathom',
      tokenId,
      grant: 'live',
      hasRefreshToken: true,
      expiresAtMs,
      lifetimeMs: day,
      declaredLifetimeMs: day,
      refreshedAtMs: null,
      syncAuthFailedAtMs: null,
      notBeforeMs: null,
    },
    0,
    minute,
  );
  return decision.dueAtMs ?? NaN;
}

function countBy(keys: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts.values()];
}
