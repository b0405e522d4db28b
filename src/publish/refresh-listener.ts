import type { Log } from '../log.js';
import type { RefreshMetrics } from './refresh-metrics.js';
import type { TokenRefreshListener } from '../refresh/token-refresh.js';

/** Turns what happens to a provider's refreshes into metrics and log lines. */
export function refreshListener(
  provider: string,
  metrics: RefreshMetrics,
  log: Log,
): TokenRefreshListener {
  return {
    onSent: () => undefined,
    onOutcome(tokenId, outcome, durationMs) {
      metrics.recordOutcome(provider, outcome, durationMs);
      const fields = { provider, tokenId, durationMs: Math.round(durationMs) };
      switch (outcome.kind) {
        case 'refreshed':
          log.info(
            outcome.recovered ? 'token recovered from the journal' : 'token refreshed',
            fields,
          );
          return;
        case 'failed':
          log.warn('refresh failed', { ...fields, reason: outcome.reason, detail: outcome.detail });
          return;
        case 'superseded':
          log.info('token was refreshed by somebody else first', fields);
          return;
        case 'released':
          log.debug('token left alone', { ...fields, because: outcome.because });
          return;
      }
    },
    onAppCall(claimed, failure, detail) {
      const fields = { provider, failure, detail, claimed };
      if (failure === null) log.info('the refresh endpoint was called', fields);
      else log.warn('the call of the refresh endpoint failed', fields);
    },
    onHealthChange(change) {
      log.warn('the state of the provider changed', { provider, change });
    },
    onAmbiguousRequest(tokenId) {
      metrics.recordAmbiguousRequest(provider);
      log.warn('a request whose answer was never seen is sent again', { provider, tokenId });
    },
    onTrouble(message, error) {
      log.warn(message, { provider, ...(error instanceof Error && { error: error.message }) });
    },
  };
}
