import type { Pool } from 'pg';
import type { TokenMemory } from '../store/token-memory.js';
import type { RefreshClaim } from './app-endpoint-response.js';
import { coalesce } from './coalesce.js';
import { connectEffects } from './connect-effects.js';
import type { RefreshEffectsParts } from './connect-effects.js';
import type { FailureReason } from './failure-reason.js';
import { createPersist } from './persist.js';
import type { HealthChange } from './provider-health.js';
import { createOutcomeRecorder, recordAnswered } from './record-outcomes.js';
import type { Closing, OutcomeTarget } from './record-outcomes.js';
import { createRecovery } from './recover-refreshes.js';
import type { Recover } from './recover-refreshes.js';
import { remember } from './refresh-outcome.js';
import type { RefreshOutcome } from './refresh-outcome.js';
import { refreshToken } from './refresh-token.js';
import { createSetAside } from './set-aside.js';
import type { PlaceLeft, StoringWatch } from './set-aside.js';
import type { JournalEntry } from './refresh-token.js';

export interface TokenRefreshParts extends RefreshEffectsParts {
  readonly confirmAfterMs: number;
  readonly configurationFingerprint: string;
  /** Where our own memory is. */
  readonly statePool: Pool;
  readonly random: () => number;
  readonly stopping: AbortSignal;
  readonly listener: TokenRefreshListener;
}

/** Hears what happens, for metrics and the log. Nothing it gets holds a secret. */
export interface TokenRefreshListener {
  readonly onSent: () => void;
  readonly onOutcome: (tokenId: string, outcome: RefreshOutcome, durationMs: number) => void;
  /** An endpoint of the application answered. What it claims proves nothing. */
  readonly onAppCall: (
    claimed: RefreshClaim | null,
    failure: FailureReason | null,
    detail: string,
  ) => void;
  readonly onHealthChange: (change: HealthChange) => void;
  /** A request whose answer was never seen is sent again: it may be a replay. */
  readonly onAmbiguousRequest: (tokenId: string) => void;
  readonly onTrouble: (message: string, error: unknown) => void;
}

/** Refreshes claimed tokens of one provider, and what a crash left behind. */
export interface TokenRefresh {
  /**
   * One claimed token to its end, or until it is set aside: its answer is journalled and can't be
   * stored yet. A canary is sent whether or not it is due. Never rejects.
   */
  readonly refresh: (memory: TokenMemory, isCanary: boolean) => Promise<PlaceLeft>;
  /** Works off the journal and the claims of an earlier life of this journal. */
  readonly recover: Recover;
  /** Resolves when what was set aside has ended too. */
  readonly settled: () => Promise<void>;
}

/**
 * Refreshes tokens and remembers what came of them; outcomes that come together are remembered in
 * one transaction.
 */
export function createTokenRefresh(parts: TokenRefreshParts): TokenRefresh {
  const { provider, journal, listener } = parts;
  const persist = createPersist(parts.stopping, listener.onTrouble);
  const connected = connectEffects(parts, persist);
  const aside = createSetAside();
  const target: OutcomeTarget = {
    provider: provider.name,
    journalId: journal.id,
    configurationFingerprint: parts.configurationFingerprint,
  };
  const recordOutcomes = createOutcomeRecorder(parts.statePool, target);
  const closeOnce = coalesce<Closing, null>(async (closings) => {
    const changes = await recordOutcomes(closings);
    changes.forEach(listener.onHealthChange);
    return closings.map(() => null);
  });

  async function finish(
    memory: TokenMemory,
    outcome: RefreshOutcome,
    entry: JournalEntry | null,
    startedAtMs: number,
  ): Promise<void> {
    const { closed, attempt } = remember(memory, outcome, {
      confirmAfterMs: parts.confirmAfterMs,
      random: parts.random(),
    });
    const closing: Closing = {
      closed,
      attempt,
      atMs: 'atMs' in outcome ? outcome.atMs : 0,
      retryAfterMs: outcome.kind === 'failed' ? outcome.retryAfterMs : null,
    };
    const done = await persist('an outcome could not be remembered yet', async () => {
      await closeOnce(closing);
      return true;
    });
    // Not remembered: the entry stays, and the next start goes on from it.
    if (done === true) entry?.forget();
    listener.onOutcome(memory.tokenId, outcome, parts.monotonicMs() - startedAtMs);
  }

  const refresh = (memory: TokenMemory, isCanary: boolean): Promise<PlaceLeft> =>
    aside.run((watch) => refreshToItsEnd(memory, isCanary, noteAnswered(memory, watch)));

  /** A row that can't be written keeps nobody from learning that its provider works. */
  function noteAnswered(memory: TokenMemory, watch: StoringWatch): StoringWatch {
    let isNoted = false;
    return {
      onStored: watch.onStored,
      onRefused() {
        watch.onRefused();
        if (isNoted) return;
        isNoted = true;
        recordAnswered(parts.statePool, target, memory.tokenId, memory.claimedAtMs ?? 0).then(
          (changes) => {
            changes.forEach(listener.onHealthChange);
          },
          (error: unknown) => {
            listener.onTrouble('the health of the provider could not be remembered', error);
          },
        );
      },
    };
  }

  async function refreshToItsEnd(
    memory: TokenMemory,
    isCanary: boolean,
    watch: StoringWatch,
  ): Promise<void> {
    const startedAtMs = parts.monotonicMs();
    try {
      const { outcome, entry } = await refreshToken(memory, connected.effectsFor(isCanary, watch));
      // Without an outcome the answer is in the journal: the claim stays, and the next start goes on.
      if (outcome !== null) await finish(memory, outcome, entry, startedAtMs);
    } catch (error) {
      listener.onTrouble('a refresh ended by a fault of the exporter; its claim stays', error);
    }
  }

  const recover = createRecovery({
    provider: provider.name,
    journal,
    connected,
    persist,
    aside,
    refresh: refreshToItsEnd,
    finish,
    monotonicMs: parts.monotonicMs,
    stopping: parts.stopping,
    onTrouble: listener.onTrouble,
  });
  return { refresh, recover, settled: aside.settled };
}
