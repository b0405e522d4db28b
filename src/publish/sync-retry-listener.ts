import type { Log } from '../log.js';
import type { SyncRetryListener } from '../remedy/retry-syncs.js';
import type { SyncMetrics } from './sync-metrics.js';

/** Turns what comes of syncs that are asked for again into metrics and log lines. */
export function syncRetryListener(metrics: SyncMetrics, log: Log): SyncRetryListener {
  return {
    onRetried(provider, tokenId, { outcome, detail }) {
      metrics.recordRetry(provider, outcome);
      log.info('asked for the sync that failed before the token was repaired', {
        provider,
        tokenId,
        outcome,
        detail,
      });
    },
    onTrouble(provider, error) {
      const message = error instanceof Error ? error.message : String(error);
      log.warn('a sync could not be asked for again, or its outcome not noted', {
        provider,
        error: message,
      });
    },
  };
}
