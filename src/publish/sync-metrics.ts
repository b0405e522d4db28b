import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import type { ProviderAssessment } from '../assess/assess-provider.js';
import type { RunCounts } from '../observe/count-sync-runs.js';
import { runOutcomes } from '../observe/run-log-source.js';
import { syncOutcomes } from '../remedy/sync-answer.js';
import type { SyncOutcome } from '../remedy/sync-answer.js';
import { gauge } from './gauge.js';
import { seconds, setOrRemove } from './set-or-remove.js';

/** Metrics of syncs, per provider. */
export interface SyncMetrics {
  /** Takes over what a poll saw; what it could not see keeps its value. */
  readonly recordSyncs: (provider: string, state: ProviderAssessment) => void;
  /** Starts the series of a provider whose failed syncs are asked for again, at 0. */
  readonly declareRetries: (provider: string) => void;
  readonly recordRetry: (provider: string, outcome: SyncOutcome) => void;
  /** Adds runs that this replica was the one to count; their series begin with the first call. */
  readonly recordRuns: (provider: string, counts: RunCounts) => void;
}

/** Creates the metrics of syncs. */
export function createSyncMetrics(registry: Registry): SyncMetrics {
  const gauges = syncGauges(registry);
  const retries = new Counter({
    name: 'oauth_sync_retries_total',
    help: 'Syncs that this process asked for again after the token was repaired, by what the application said.',
    labelNames: ['provider', 'outcome'],
    registers: [registry],
  });
  const runs = new Counter({
    name: 'oauth_sync_runs_total',
    help: "Syncs in the application's logs, by how they ended, each counted by one replica. partial: with errors.",
    labelNames: ['provider', 'outcome'],
    registers: [registry],
  });
  return {
    recordSyncs(provider, state) {
      recordSyncs(gauges, provider, state);
    },
    declareRetries(provider) {
      for (const outcome of syncOutcomes) retries.inc({ provider, outcome }, 0);
    },
    recordRetry(provider, outcome) {
      retries.inc({ provider, outcome });
    },
    recordRuns(provider, counts) {
      for (const outcome of runOutcomes) runs.inc({ provider, outcome }, counts[outcome]);
    },
  };
}

function syncGauges(registry: Registry) {
  return {
    maxLag: gauge(
      registry,
      'oauth_sync_lag_max_seconds',
      'Longest time since the last successful sync of an active token, as of the last poll.',
      ['provider'],
    ),
    lagging: gauge(
      registry,
      'oauth_syncs_lagging',
      'Active tokens whose last successful sync is older than this, as of the last poll. Cumulative.',
      ['provider', 'over'],
    ),
    overdue: gauge(
      registry,
      'oauth_syncs_overdue',
      'Active tokens without a successful sync for longer than syncs.overdue_after.',
      ['provider'],
    ),
    stuck: gauge(
      registry,
      'oauth_syncs_stuck',
      'Tokens whose sync has been running for longer than syncs.stuck_after.',
      ['provider'],
    ),
    nothingStored: gauge(
      registry,
      'oauth_sync_nothing_stored_seconds',
      'Time from the newest item that was stored to the newest sync run that succeeded; 7 days where it is more.',
      ['provider'],
    ),
    failing: gauge(
      registry,
      'oauth_syncs_failing',
      'Active tokens whose last sync failed, by reason. auth: the access token was refused. ' +
        'reauthorize: the user must authorize again.',
      ['provider', 'reason'],
    ),
  };
}

function recordSyncs(
  gauges: ReturnType<typeof syncGauges>,
  provider: string,
  { syncs, stuckSyncs, syncFailures, stored }: ProviderAssessment,
): void {
  for (const [reason, count] of Object.entries(syncFailures?.byReason ?? {})) {
    gauges.failing.set({ provider, reason }, count);
  }
  if (stuckSyncs !== null) gauges.stuck.set({ provider }, stuckSyncs);
  if (stored !== null) {
    setOrRemove(gauges.nothingStored, { provider }, seconds(stored.nothingStoredMs));
  }
  if (syncs === null) return;
  setOrRemove(gauges.maxLag, { provider }, seconds(syncs.maxLagMs));
  for (const [over, count] of Object.entries(syncs.lagging)) {
    gauges.lagging.set({ provider, over }, count);
  }
  gauges.overdue.set({ provider }, syncs.overdue);
}
