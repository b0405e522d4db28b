import { isDeepStrictEqual } from 'node:util';
import type { Pool } from 'pg';
import type { Query } from '../database/read-snapshot.js';
import { writeTransaction } from '../database/write-transaction.js';
import { closeClaims, closeClaimsUnder } from '../store/close-claims.js';
import type { ClosedClaim } from '../store/close-claims.js';
import {
  clearBackoffs,
  lockProviderHealth,
  readProviderHealth,
  saveProviderHealth,
} from '../store/provider-health-row.js';
import type { AttemptOutcome } from './breaker-after.js';
import { failureReasons, failureScope } from './failure-reason.js';
import { parseProviderHealth } from './parse-provider-health.js';
import { afterAttempt } from './provider-health.js';
import type { HealthChange, ProviderHealth } from './provider-health.js';

/** A claim to close, and what its outcome says of the provider. */
export interface Closing {
  readonly closed: ClosedClaim;
  readonly attempt: AttemptOutcome;
  readonly atMs: number;
  readonly retryAfterMs: number | null;
}

/** Reasons whose backoffs end when the provider is seen to work again. */
const transientReasons = failureReasons.filter((reason) => failureScope(reason) === 'transient');

/** Whose outcomes they are, and under which configuration they came. */
export interface OutcomeTarget {
  readonly provider: string;
  readonly journalId: string;
  readonly configurationFingerprint: string;
}

interface Recorded {
  readonly health: ProviderHealth;
  readonly changes: readonly HealthChange[];
}

/**
 * Remembers outcomes, of the tokens and of their provider, in one committed transaction; returns
 * what changed for the provider.
 *
 * Successes that say nothing new of the provider leave its row unlocked: every claim waits for it.
 * A change that somebody commits meanwhile then simply comes after them. While its health is the
 * one that was last seen, not even reading it costs a round trip.
 */
export function createOutcomeRecorder(
  pool: Pool,
  target: OutcomeTarget,
): (closings: readonly Closing[]) => Promise<readonly HealthChange[]> {
  const { provider, journalId, configurationFingerprint } = target;
  let known: ProviderHealth | null = null;
  return async (closings) => {
    if (known !== null && !saysNews(known, closings, configurationFingerprint)) {
      const closed = closings.map((closing) => closing.closed);
      if (await closeClaimsUnder(pool, provider, journalId, closed, known)) return [];
    }
    const { health, changes } = await record(pool, target, closings);
    known = health;
    return changes;
  };
}

async function record(
  pool: Pool,
  { provider, journalId, configurationFingerprint }: OutcomeTarget,
  closings: readonly Closing[],
): Promise<Recorded> {
  const close = (query: Query) =>
    closeClaims(
      query,
      provider,
      journalId,
      closings.map(({ closed }) => closed),
    );
  return writeTransaction(pool, async (query) => {
    const seen = parseProviderHealth(await readProviderHealth(query, provider));
    if (!saysNews(seen, closings, configurationFingerprint)) {
      await close(query);
      return { health: seen, changes: [] };
    }
    const before = parseProviderHealth(await lockProviderHealth(query, provider));
    const ended = await close(query);
    // What was remembered already, by a transaction whose end was not heard, counts once.
    const counted = closings.filter(({ closed }) => ended.has(closed.memory.tokenId));
    const { health, changes } = afterClosings(before, counted, configurationFingerprint);
    await saveProviderHealth(query, provider, health);
    if (changes.includes('closed')) await clearBackoffs(query, provider, transientReasons);
    return { health, changes };
  });
}

/** Only successes, of which enough is known of this provider already, say none. */
function saysNews(
  health: ProviderHealth,
  closings: readonly Closing[],
  configurationFingerprint: string,
): boolean {
  return (
    closings.some(({ attempt }) => attempt.kind !== 'refreshed') ||
    !isDeepStrictEqual(afterClosings(health, closings, configurationFingerprint).health, health)
  );
}

function afterClosings(
  before: ProviderHealth,
  closings: readonly Closing[],
  configurationFingerprint: string,
): Recorded {
  let health = before;
  const changes: HealthChange[] = [];
  for (const { closed, attempt, atMs, retryAfterMs } of closings) {
    const next = afterAttempt(health, {
      tokenId: closed.memory.tokenId,
      atMs,
      outcome: attempt,
      retryAfterMs,
      configurationFingerprint,
    });
    health = next.health;
    changes.push(...next.changes);
  }
  return { health, changes };
}

/**
 * Remembers that the provider gave new tokens, before they are stored: whoever waits to learn
 * whether it works need not wait for a row that can't be written.
 */
export async function recordAnswered(
  pool: Pool,
  { provider, configurationFingerprint }: OutcomeTarget,
  tokenId: string,
  atMs: number,
): Promise<readonly HealthChange[]> {
  return writeTransaction(pool, async (query) => {
    const before = parseProviderHealth(await lockProviderHealth(query, provider));
    const { health, changes } = afterAttempt(before, {
      tokenId,
      atMs,
      outcome: { kind: 'refreshed' },
      retryAfterMs: null,
      configurationFingerprint,
    });
    await saveProviderHealth(query, provider, health);
    if (changes.includes('closed')) await clearBackoffs(query, provider, transientReasons);
    return changes;
  });
}
