import { grantState } from '../../src/assess/grant-state.js';
import { chooseLifetime } from '../../src/assess/lifetime.js';
import { decideRefresh } from '../../src/assess/refresh-due.js';
import type { RefreshDecision } from '../../src/assess/refresh-due.js';
import { backoffMs } from '../../src/refresh/backoff.js';
import type { AttemptOutcome } from '../../src/refresh/breaker-after.js';
import { chooseCanary, chooseDue } from '../../src/refresh/choose-due.js';
import type { DueToken } from '../../src/refresh/choose-due.js';
import type { FailureReason } from '../../src/refresh/failure-reason.js';
import { judgeInvalidGrant } from '../../src/refresh/judge-invalid-grant.js';
import type { InvalidGrantSuspicion } from '../../src/refresh/judge-invalid-grant.js';
import {
  admission,
  afterAttempt,
  healthyProvider,
  noteAlone,
} from '../../src/refresh/provider-health.js';
import type { HealthChange, ProviderHealth } from '../../src/refresh/provider-health.js';

const second = 1000;
const minute = 60 * second;
/** How many due tokens are put in order at a time. */
const batch = 300;
const configurationFingerprint = 'configuration';

/** A token as it stands when the simulation starts. */
export interface SimulatedToken {
  readonly id: string;
  readonly expiresAtMs: number;
  readonly refreshedAtMs: number | null;
}

export interface Simulation {
  readonly tokens: readonly SimulatedToken[];
  readonly lifetimeMs: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly requestsPerMinute: number;
  readonly concurrency: number;
  /** What the provider answers to a request that ends now; null: new tokens. */
  readonly answer: (tokenId: string, nowMs: number) => FailureReason | null;
}

export interface SimulatedAttempt {
  readonly tokenId: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly outcome: AttemptOutcome['kind'];
  /** When the access token expires, or expired, that was to be replaced. */
  readonly expiresAtMs: number;
}

export interface SimulationResult {
  readonly attempts: readonly SimulatedAttempt[];
  readonly mostInFlight: number;
  readonly changes: readonly { readonly change: HealthChange; readonly atMs: number }[];
  /** Expiries at the end. */
  readonly expiries: readonly number[];
}

interface Memory {
  readonly id: string;
  expiresAtMs: number;
  refreshedAtMs: number | null;
  failedAtMs: number | null;
  deadSinceMs: number | null;
  suspicion: InvalidGrantSuspicion | null;
  failures: number;
  notBeforeMs: number | null;
  inFlight: boolean;
  /** By the policy, worked out again whenever anything above changes; null: never due. */
  dueAtMs: number | null;
}

/**
 * Plays refreshing through with the real policy, second by second, in one go: no waiting. The
 * simulation adds a poll per minute, rate slots, and a provider that takes one to three seconds.
 */
export function simulateRefreshing(simulation: Simulation): SimulationResult {
  const { lifetimeMs, startMs, endMs, requestsPerMinute, concurrency, answer } = simulation;
  const memories = simulation.tokens.map(remember);
  for (const memory of memories) memory.dueAtMs = decide(memory, startMs).dueAtMs;
  const byId = new Map(memories.map((memory) => [memory.id, memory]));
  const random = seededRandom();
  const attempts: SimulatedAttempt[] = [];
  const changes: { change: HealthChange; atMs: number }[] = [];
  let inFlight: { memory: Memory; startedAtMs: number; endsAtMs: number }[] = [];
  let queue: Memory[] = [];
  let health: ProviderHealth = healthyProvider;
  let nextSlotMs = startMs;
  let mostInFlight = 0;

  for (let nowMs = startMs; nowMs < endMs; nowMs += second) {
    for (const request of inFlight.filter(({ endsAtMs }) => endsAtMs <= nowMs))
      finish(request, nowMs);
    inFlight = inFlight.filter(({ endsAtMs }) => endsAtMs > nowMs);
    if (queue.length === 0 && (nowMs - startMs) % minute === 0) queue = chooseBatch(nowMs);
    while (inFlight.length < concurrency && nextSlotMs <= nowMs) {
      const memory = nextToken(nowMs);
      if (memory === undefined) break;
      memory.inFlight = true;
      inFlight.push({
        memory,
        startedAtMs: nowMs,
        endsAtMs: nowMs + second + 2 * second * random(),
      });
      nextSlotMs = Math.max(nextSlotMs, nowMs) + minute / requestsPerMinute;
      mostInFlight = Math.max(mostInFlight, inFlight.length);
    }
  }
  return {
    attempts,
    mostInFlight,
    changes,
    expiries: memories.map((memory) => memory.expiresAtMs),
  };

  function nextToken(nowMs: number): Memory | undefined {
    const admitted = admission(health, nowMs, configurationFingerprint);
    switch (admitted.kind) {
      case 'none':
        return undefined;
      case 'all': {
        let memory = queue.shift();
        while (memory !== undefined && !isDue(memory, nowMs)) memory = queue.shift();
        return memory;
      }
      case 'fresh':
      case 'first':
        return alone(chooseDue(dueTokens(nowMs), admitted, 1)[0], admitted.kind, nowMs);
      case 'canary': {
        const candidates = memories.filter((memory) => {
          const { due, because } = decide(memory, nowMs);
          return !memory.inFlight && (due || because === 'not_yet' || because === 'backing_off');
        });
        return alone(chooseCanary(candidates.map(toDueToken), admitted.prefer), 'canary', nowMs);
      }
    }
  }

  function alone(
    token: { readonly tokenId: string } | null | undefined,
    admitted: 'fresh' | 'canary' | 'first',
    nowMs: number,
  ) {
    if (!token) return undefined;
    health = noteAlone(health, admitted, configurationFingerprint, token.tokenId, nowMs);
    return byId.get(token.tokenId);
  }

  function chooseBatch(nowMs: number): Memory[] {
    const chosen = chooseDue(dueTokens(nowMs), { kind: 'all' }, batch);
    return chosen.flatMap(({ tokenId }) => byId.get(tokenId) ?? []);
  }

  function dueTokens(nowMs: number): DueToken[] {
    return memories
      .filter(({ dueAtMs }) => dueAtMs !== null && dueAtMs <= nowMs)
      .filter(({ inFlight, notBeforeMs }) => !inFlight && (notBeforeMs ?? nowMs) <= nowMs)
      .map(toDueToken);
  }

  function isDue(memory: Memory, nowMs: number): boolean {
    return !memory.inFlight && decide(memory, nowMs).due;
  }

  function decide(memory: Memory, nowMs: number): RefreshDecision {
    const lifetime = chooseLifetime({
      expiresInMs: memory.refreshedAtMs === null ? null : lifetimeMs,
      observedLifetimesMs: [],
      declaredLifetimeMs: lifetimeMs,
      expiresAtMs: memory.expiresAtMs,
      firstSeenAtMs: startMs,
    });
    return decideRefresh(
      {
        provider: 'fathom',
        tokenId: memory.id,
        grant: stateOf(memory),
        hasRefreshToken: true,
        expiresAtMs: memory.expiresAtMs,
        lifetimeMs: lifetime?.lifetimeMs ?? null,
        declaredLifetimeMs: lifetimeMs,
        refreshedAtMs: memory.refreshedAtMs,
        syncAuthFailedAtMs: null,
        notBeforeMs: memory.notBeforeMs,
      },
      nowMs,
      minute,
    );
  }

  function finish({ memory, startedAtMs }: { memory: Memory; startedAtMs: number }, nowMs: number) {
    const { id: tokenId, expiresAtMs } = memory;
    memory.inFlight = false;
    const outcome = settle(memory, answer(tokenId, nowMs), nowMs);
    memory.dueAtMs = decide(memory, nowMs).dueAtMs;
    attempts.push({ tokenId, startedAtMs, endedAtMs: nowMs, outcome: outcome.kind, expiresAtMs });
    const step = afterAttempt(health, {
      tokenId,
      atMs: nowMs,
      outcome,
      retryAfterMs: null,
      configurationFingerprint,
    });
    health = step.health;
    changes.push(...step.changes.map((change) => ({ change, atMs: nowMs })));
    if (step.changes.includes('closed')) {
      for (const each of memories) if (each.suspicion === null) each.notBeforeMs = null;
    }
  }

  function settle(memory: Memory, reason: FailureReason | null, nowMs: number): AttemptOutcome {
    if (reason === null) {
      Object.assign(memory, { failures: 0, suspicion: null, notBeforeMs: null });
      memory.refreshedAtMs = nowMs;
      memory.expiresAtMs = nowMs + lifetimeMs;
      return { kind: 'refreshed' };
    }
    memory.failures += 1;
    memory.failedAtMs = nowMs;
    memory.notBeforeMs = nowMs + backoffMs(memory.failures, memory.expiresAtMs - nowMs, random());
    if (reason !== 'invalid_grant') return { kind: 'failed', reason };
    const seen = { atMs: nowMs, usedFingerprint: memory.id, currentFingerprint: memory.id };
    const verdict = judgeInvalidGrant(memory.suspicion, seen, minute);
    switch (verdict.kind) {
      case 'superseded':
        return { kind: 'failed', reason: 'superseded' };
      case 'dead':
        memory.deadSinceMs = nowMs;
        return { kind: 'dead' };
      case 'suspected':
        memory.suspicion = verdict.suspicion;
        memory.notBeforeMs = verdict.notBeforeMs;
        return { kind: 'suspected', notBeforeMs: verdict.notBeforeMs };
    }
  }
}

function remember(token: SimulatedToken): Memory {
  return {
    ...token,
    failedAtMs: null,
    deadSinceMs: null,
    suspicion: null,
    failures: 0,
    notBeforeMs: null,
    inFlight: false,
    dueAtMs: null,
  };
}

function stateOf(memory: Memory) {
  return grantState({
    goneAtMs: null,
    active: true,
    hasRefreshToken: true,
    refreshedAtMs: memory.refreshedAtMs,
    expiryMovedAtMs: null,
    failedAtMs: memory.failedAtMs,
    deadSinceMs: memory.deadSinceMs,
    fingerprint: memory.id,
    currentFingerprint: memory.id,
  });
}

function toDueToken(memory: Memory): DueToken {
  const { id: tokenId, expiresAtMs, refreshedAtMs } = memory;
  const failedLastTime = stateOf(memory) === 'at_risk';
  return { tokenId, dueAtMs: expiresAtMs, expiresAtMs, refreshedAtMs, failedLastTime };
}

/** The same chances each time (Park and Miller's minimal standard generator). */
function seededRandom(): () => number {
  let state = 20_251_127;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
