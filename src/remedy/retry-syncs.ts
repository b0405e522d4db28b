import type { Pool } from 'pg';
import type { Dispatcher } from 'undici';
import type { Assessment } from '../assess/assess.js';
import type { Config, ProviderConfig } from '../config/config.js';
import { defaultSyncType } from '../config/sync-config.js';
import type { SyncEndpointConfig } from '../config/sync-config.js';
import { writeTransaction } from '../database/write-transaction.js';
import { limitInFlight } from '../refresh/limit-in-flight.js';
import { claimSyncRetry } from '../store/sync-retries.js';
import { writeLedger } from '../store/write-ledger.js';
import { callSyncEndpoint } from './call-sync-endpoint.js';
import { chooseRetries } from './choose-retries.js';
import type { RepairedSync } from './choose-retries.js';
import type { SyncAnswer } from './sync-answer.js';

/** Hears of retries, for metrics and the log. Nothing it gets holds a secret. */
export interface SyncRetryListener {
  readonly onRetried: (provider: string, tokenId: string, answer: SyncAnswer) => void;
  readonly onTrouble: (provider: string, error: unknown) => void;
}

export interface SyncRetriesParts {
  readonly config: Config;
  readonly statePool: Pool;
  readonly connections: Dispatcher;
  readonly listener: SyncRetryListener;
}

/** Asks again for the syncs that failed for a token that has been repaired since. */
export interface SyncRetries {
  /** Takes what a poll found; never waits. */
  readonly offer: (assessment: Assessment) => void;
  /** Starts nothing more, and waits for what was started. */
  readonly stop: () => Promise<void>;
}

type RetriedProvider = ProviderConfig & { readonly endpoint: SyncEndpointConfig };

/** The providers whose failed syncs are asked for again. Where we refresh nothing, nothing is. */
export function retriedProviders({ providers }: Config): RetriedProvider[] {
  return providers.flatMap((provider) => {
    const endpoint = provider.syncs?.endpoint ?? null;
    const isWanted = provider.syncs?.retriesAfterRepair === true && provider.refresh?.mode === 'on';
    return endpoint !== null && isWanted ? [{ ...provider, endpoint }] : [];
  });
}

/**
 * Starts asking again, beside the polls and the refreshes.
 *
 * One call per failure in the whole cluster; what the application says to it is noted in the ledger,
 * and whether it worked the next polls see. An application that has synced meanwhile is not asked.
 */
export function startSyncRetries(parts: SyncRetriesParts): SyncRetries {
  const providers = retriedProviders(parts.config).map((provider) => ({
    ...provider,
    inFlight: limitInFlight(provider.endpoint.concurrency),
    /** Failures that this process has dealt with, or is about to. */
    taken: new Map<string, number>(),
    wanted: new Map<string, RepairedSync>(),
  }));
  const underWay = new Set<Promise<void>>();
  let stopping = false;

  async function retry(
    provider: (typeof providers)[number],
    repaired: RepairedSync,
  ): Promise<void> {
    const { name, endpoint, wanted } = provider;
    const { tokenId, subject, failedAtMs } = repaired;
    if (stopping || wanted.get(tokenId)?.failedAtMs !== failedAtMs) {
      provider.taken.delete(tokenId);
      return;
    }
    try {
      if (!(await claimSyncRetry(parts.statePool, name, tokenId, failedAtMs))) return;
      const target = { tokenId, subject, syncType: defaultSyncType };
      const answer = await callSyncEndpoint(parts.connections, endpoint, target);
      parts.listener.onRetried(name, tokenId, answer);
      const { outcome, detail } = answer;
      const line = { event: 'sync_retried', reason: outcome, detail, actor: 'retry' };
      await writeTransaction(parts.statePool, (query) => writeLedger(query, name, tokenId, line));
    } catch (error) {
      parts.listener.onTrouble(name, error);
    }
  }

  return {
    offer({ providers: assessed }) {
      for (const provider of providers) {
        const state = assessed.get(provider.name);
        const repaired = state === undefined ? [] : chooseRetries(state);
        provider.wanted = new Map(repaired.map((each) => [each.tokenId, each]));
        for (const tokenId of provider.taken.keys()) {
          if (!provider.wanted.has(tokenId)) provider.taken.delete(tokenId);
        }
        for (const each of repaired) {
          if (stopping || provider.taken.get(each.tokenId) === each.failedAtMs) continue;
          provider.taken.set(each.tokenId, each.failedAtMs);
          const task = provider
            .inFlight(() => retry(provider, each))
            .finally(() => {
              underWay.delete(task);
            });
          underWay.add(task);
        }
      }
    },
    async stop() {
      stopping = true;
      await Promise.all(underWay);
    },
  };
}
