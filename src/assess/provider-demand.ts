import type { RateLimit } from '../config/refresh-config.js';
import type { AssessedProvider, AssessedToken } from './assessed-token.js';
import { assessDemand } from './demand.js';
import type { Demand, LifetimeGroup, WaitingGroup } from './demand.js';
import { leadTimeMs } from './refresh-due.js';

const secondMs = 1_000;
const minuteMs = 60_000;
const hourMs = 3_600_000;

/**
 * Compares what a provider's tokens need with its rate; null where the rate is not ours to keep:
 * the provider is not refreshed, or one call of the application's endpoint refreshes them all.
 *
 * Only tokens that can become due count. What is backing off is not sent and waits for nothing.
 */
export function assessProviderDemand(
  { refresh }: Pick<AssessedProvider, 'refresh'>,
  tokens: readonly AssessedToken[],
  nowMs: number,
  pollIntervalMs: number,
): Demand | null {
  if (refresh?.mode !== 'on') return null;
  if (refresh.way.kind === 'app_endpoint' && !refresh.way.perRow) return null;
  const lifetimes = new Map<number, number>();
  const waiting = new Map<number, number>();
  for (const token of tokens) {
    if (token.decision.dueAtMs === null) continue;
    if (token.lifetimeMs !== null) increment(lifetimes, lifetimeSeconds(token.lifetimeMs));
    const leftMs = remainingMs(token, nowMs, pollIntervalMs);
    if (leftMs !== null) increment(waiting, remainingSeconds(leftMs));
  }
  return assessDemand(
    lifetimeGroups(lifetimes),
    waitingGroups(waiting),
    perMinute(refresh.rateLimit),
  );
}

/** What is left of a token that is to be refreshed now; null where it is not. */
function remainingMs(
  { decision, expiresAtMs, lifetimeMs }: AssessedToken,
  nowMs: number,
  pollIntervalMs: number,
): number | null {
  if (!decision.due) return null;
  switch (decision.because) {
    case 'expiry':
      return (expiresAtMs ?? nowMs) - nowMs;
    case 'declared_lifetime':
      return decision.dueAtMs + leadTimeMs(lifetimeMs, pollIntervalMs) - nowMs;
    case 'sync_auth_failure':
      return 0;
  }
}

function perMinute({ requests, perMs }: RateLimit): number {
  return requests / (perMs / minuteMs);
}

/** Whole seconds, so that tokens of one lifetime, each seen to move a little late, are few groups. */
function lifetimeSeconds(ms: number): number {
  return Math.max(1, Math.round(ms / secondMs));
}

/**
 * Rather too little: to the second, and to the minute where more than an hour is left. So 100,000
 * waiting tokens are some thousand groups, whose order costs milliseconds.
 */
function remainingSeconds(ms: number): number {
  const unitMs = ms > hourMs ? minuteMs : secondMs;
  return (Math.floor(ms / unitMs) * unitMs) / secondMs;
}

function increment(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function lifetimeGroups(counts: ReadonlyMap<number, number>): LifetimeGroup[] {
  return Array.from(counts, ([seconds, count]) => ({ lifetimeMs: seconds * secondMs, count }));
}

function waitingGroups(counts: ReadonlyMap<number, number>): WaitingGroup[] {
  return Array.from(counts, ([seconds, count]) => ({ remainingMs: seconds * secondMs, count }));
}
