import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Assessment } from '../assess/assess.js';
import type { ProviderAssessment } from '../assess/assess-provider.js';
import { defaultDatabase } from '../config/config.js';
import { pollFailureReasons } from '../database/explain-database-error.js';
import type { PollFailureReason } from '../database/explain-database-error.js';
import { createCalendarMetrics } from './calendar-metrics.js';
import { createCronMetrics } from './cron-metrics.js';
import { gauge } from './gauge.js';
import { createIncidentMetrics } from './incident-metrics.js';
import type { IncidentMetrics } from './incident-metrics.js';
import { createNotifyMetrics } from './notify-metrics.js';
import type { NotifyMetrics } from './notify-metrics.js';
import { createRefreshMetrics } from './refresh-metrics.js';
import type { RefreshMetrics } from './refresh-metrics.js';
import { seconds, setOrRemove } from './set-or-remove.js';
import { createSyncMetrics } from './sync-metrics.js';
import type { SyncMetrics } from './sync-metrics.js';
import { createUnrefreshedMetrics } from './unrefreshed-metrics.js';
import { createWatchMetrics } from './watch-metrics.js';
import type { WatchMetrics } from './watch-metrics.js';
import { createWebhookMetrics } from './webhook-metrics.js';

/** How one poll went, beside what it found. */
export interface PollRecord {
  readonly durationMs: number;
  /** null: the poll succeeded. */
  readonly failureReason: PollFailureReason | null;
  /** The exporter's clock minus that of each database that told it, by the database's name. */
  readonly clockSkewsMs: ReadonlyMap<string, number>;
}

/** What the exporter says of itself for as long as it runs. */
export interface ExporterFacts {
  readonly version: string;
  readonly demo: boolean;
  readonly pollIntervalMs: number;
  /** From which share of the active tokens on a cohort is an expiry cliff. */
  readonly cliffShare: number;
}

/** The exporter's metrics, except the series of single tokens (see token-series.ts). */
export interface Metrics {
  readonly registry: Registry;
  /** Counts a poll, once, however it ends. */
  readonly recordPollStarted: () => void;
  /** Takes over the result of a poll. Gauges of what the poll could not see keep their value. */
  readonly recordPoll: (assessment: Assessment, poll: PollRecord) => void;
  readonly recordSkippedPoll: () => void;
  readonly refresh: RefreshMetrics;
  readonly incidents: IncidentMetrics;
  readonly notify: NotifyMetrics;
  readonly syncs: SyncMetrics;
  readonly watch: WatchMetrics;
  /** A poll ended by a fault of the exporter itself, wherever it was. */
  readonly recordFaultyPoll: () => void;
}

/**
 * Creates the metrics in a registry of their own.
 *
 * Names and labels are the interface (docs/metrics.md); renaming one is a breaking change. Every
 * counter starts at 0 with each of its reasons, so that a first failure is an increase.
 */
export function createMetrics(facts: ExporterFacts): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const tokens = tokenGauges(registry);
  const syncs = createSyncMetrics(registry);
  const refresh = createRefreshMetrics(registry);
  const recordUnrefreshed = createUnrefreshedMetrics(registry, facts.cliffShare);
  const incidents = createIncidentMetrics(registry);
  const notify = createNotifyMetrics(registry);
  const cron = createCronMetrics(registry);
  const webhooks = createWebhookMetrics(registry);
  const calendar = createCalendarMetrics(registry);
  const watch = createWatchMetrics(registry);
  const exporter = exporterMetrics(registry, facts);

  return {
    registry,
    refresh,
    syncs,
    notify,
    incidents,
    watch,
    recordPollStarted() {
      exporter.polls.inc();
    },
    recordPoll(assessment, poll) {
      for (const [provider, state] of assessment.providers) {
        recordTokens(tokens, provider, state.tokens);
        syncs.recordSyncs(provider, state);
        refresh.recordProvider(provider, state);
        recordUnrefreshed(provider, state.grants);
        webhooks.record(provider, state.webhooks);
      }
      refresh.recordMemory(assessment);
      cron.record(assessment.cron);
      calendar.record(assessment.providers);
      recordExporter(exporter, assessment, poll);
    },
    recordSkippedPoll() {
      exporter.skipped.inc();
    },
    recordFaultyPoll() {
      exporter.failures.inc({ reason: 'internal' });
    },
  };
}

function tokenGauges(registry: Registry) {
  return {
    byStatus: gauge(
      registry,
      'oauth_tokens',
      'Tokens by access token status, as of the last poll that could read them. ' +
        'unknown: no expiry is recorded.',
      ['provider', 'status', 'active'],
    ),
    expiringWithin: gauge(
      registry,
      'oauth_tokens_expiring_within',
      'Tokens, active or not, that expire within this time of the last poll. ' +
        'Cumulative; what has expired is not counted.',
      ['provider', 'within'],
    ),
    earliest: gauge(
      registry,
      'oauth_token_earliest_expiration_timestamp_seconds',
      'Earliest expiration of all tokens, active or not, expired included.',
      ['provider'],
    ),
    omitted: gauge(
      registry,
      'oauth_token_series_omitted',
      'Tokens without series of their own, because token_series_limit has room for the most urgent only.',
      ['provider'],
    ),
  };
}

function recordTokens(
  gauges: ReturnType<typeof tokenGauges>,
  provider: string,
  tokens: ProviderAssessment['tokens'],
): void {
  if (tokens === null) return;
  for (const active of [true, false]) {
    const counts = Object.entries(active ? tokens.active : tokens.inactive);
    for (const [status, count] of counts) {
      gauges.byStatus.set({ provider, status, active: String(active) }, count);
    }
  }
  for (const [within, count] of Object.entries(tokens.expiringWithin)) {
    gauges.expiringWithin.set({ provider, within }, count);
  }
  setOrRemove(gauges.earliest, { provider }, seconds(tokens.earliestExpiresAtMs));
  gauges.omitted.set({ provider }, tokens.total - tokens.mostUrgent.length);
}

const prefix = 'oauth_token_exporter';

function exporterMetrics(registry: Registry, facts: ExporterFacts) {
  const registers = [registry];
  const failures = new Counter({
    name: `${prefix}_poll_failures_total`,
    help: 'Polls that failed, by reason. source: a source that must be up could not be read.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of pollFailureReasons) failures.inc({ reason }, 0);

  gauge(registry, `${prefix}_build_info`, 'Version of the exporter; demo: shows invented data.', [
    'version',
    'demo',
  ]).set({ version: facts.version, demo: String(facts.demo) }, 1);
  gauge(registry, `${prefix}_poll_interval_seconds`, 'Configured time between two polls.').set(
    facts.pollIntervalMs / 1000,
  );

  const lastSuccess = gauge<never>(
    registry,
    `${prefix}_poll_last_success_timestamp_seconds`,
    'Time of the last poll that read everything it must, by the clock of the database. ' +
      'Absent before the first.',
  );
  // A gauge without labels begins at 0: it would tell of a success in 1970.
  lastSuccess.remove();

  return {
    failures,
    lastSuccess,
    polls: new Counter({
      name: `${prefix}_polls_total`,
      help: 'Polls of the database. The exporter polls on a timer and not on a scrape.',
      registers,
    }),
    skipped: new Counter({
      name: `${prefix}_polls_skipped_total`,
      help: 'Polls that were left out because the one before was still running.',
      registers,
    }),
    duration: new Histogram({
      name: `${prefix}_poll_duration_seconds`,
      help: 'Duration of a poll, from asking the database to having the result.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    sourceUp: gauge(
      registry,
      `${prefix}_source_up`,
      'Whether a source could be read in the last poll. An optional source that was never seen has none.',
      ['source'],
    ),
    sourceInfo: gauge(
      registry,
      `${prefix}_source_info`,
      'State of each source; absent: optional, and this database does not have it.',
      ['source', 'state'],
    ),
    clockSkew: gauge(
      registry,
      `${prefix}_clock_skew_seconds`,
      "The exporter's clock minus that of the database.",
      ['against'],
    ),
  };
}

function recordExporter(
  metrics: ReturnType<typeof exporterMetrics>,
  assessment: Assessment,
  poll: PollRecord,
): void {
  metrics.duration.observe(poll.durationMs / 1000);
  if (poll.failureReason !== null) metrics.failures.inc({ reason: poll.failureReason });
  for (const [database, skewMs] of poll.clockSkewsMs) {
    const against = database === defaultDatabase ? 'database' : `database ${database}`;
    metrics.clockSkew.set({ against }, skewMs / 1000);
  }
  if (assessment.complete && assessment.observedAt !== null) {
    metrics.lastSuccess.set(assessment.observedAt.getTime() / 1000);
  }
  metrics.sourceInfo.reset();
  for (const { name, state, up } of assessment.sources.values()) {
    metrics.sourceInfo.set({ source: name, state }, 1);
    if (up !== null) metrics.sourceUp.set({ source: name }, Number(up));
  }
}
