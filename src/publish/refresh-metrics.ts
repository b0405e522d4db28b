import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Assessment } from '../assess/assess.js';
import type { ProviderAssessment } from '../assess/assess-provider.js';
import { grantStates } from '../assess/grant-state.js';
import { pauseReasons } from '../assess/provider-pause.js';
import type { ChangeEvent } from '../store/record-changes.js';
import { failureReasons } from '../refresh/failure-reason.js';
import type { RefreshOutcome } from '../refresh/refresh-outcome.js';
import { gauge } from './gauge.js';

/** Metrics of grants and refreshes, per provider. */
export interface RefreshMetrics {
  /** Starts at 0 what is counted of every provider, whoever refreshes it. */
  readonly declareEvents: (provider: string) => void;
  /** Starts every series of a provider that is refreshed, at 0. */
  readonly declareProvider: (provider: string) => void;
  /** Starts the one series of a provider whose refreshes are only counted. */
  readonly declareShadowed: (provider: string) => void;
  readonly recordProvider: (
    provider: string,
    state: Pick<ProviderAssessment, 'grants' | 'pauses' | 'demand'>,
  ) => void;
  /** Counts what happened to rows without our doing, each event on the replica that recorded it. */
  readonly recordEvents: (provider: string, events: readonly ChangeEvent[]) => void;
  readonly recordOutcome: (provider: string, outcome: RefreshOutcome, durationMs: number) => void;
  /** A request was sent again because nobody knows whether the first one was answered. */
  readonly recordAmbiguousRequest: (provider: string) => void;
  readonly recordShadowed: (provider: string, count: number) => void;
  readonly recordJournal: (usable: boolean) => void;
  readonly recordMemory: (assessment: Pick<Assessment, 'observedAt' | 'memoryProblem'>) => void;
}

/** Creates the metrics of grants and refreshes. Refreshes are this process' own, from 0 on. */
export function createRefreshMetrics(registry: Registry): RefreshMetrics {
  const registers = [registry];
  const counter = <const L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames, registers });

  const grants = gauge(
    registry,
    'oauth_grants',
    'Grants by state. dead: the user must authorize again. at_risk: the last refresh failed.',
    ['provider', 'state'],
  );
  const falselyDeactivated = gauge(
    registry,
    'oauth_tokens_falsely_deactivated',
    'Inactive tokens that have not expired: switched off by a refresher that lost a race.',
    ['provider'],
  );
  const overdue = gauge(
    registry,
    'oauth_token_refreshes_overdue',
    'Tokens whose refresh should have happened by now and did not.',
    ['provider'],
  );
  const paused = gauge(
    registry,
    'oauth_token_refresh_paused',
    'Whether refreshes are held back: configuration (our client is refused), retry_after (the ' +
      'provider asked for it), breaker (everything fails alike).',
    ['provider', 'reason'],
  );
  const demand = gauge(
    registry,
    'oauth_token_refresh_demand_per_second',
    'Refreshes per second that the tokens need so that none expires, as of the last poll.',
    ['provider'],
  );
  const rateLimit = gauge(
    registry,
    'oauth_token_refresh_rate_limit_per_second',
    'Refreshes per second that the configured rate_limit allows, all replicas together.',
    ['provider'],
  );
  const memoryUp = gauge(
    registry,
    'oauth_token_exporter_memory_up',
    'Whether the memory in Postgres could be used in the last poll; without it nothing is refreshed. ' +
      'Absent before the first poll.',
  );
  memoryUp.remove();
  const journalUp = gauge(
    registry,
    'oauth_token_exporter_journal_up',
    'Whether the journal of refreshes can be used; without it nothing is refreshed.',
  );
  // Absent where no journal is wanted; without labels it would start at 0.
  journalUp.remove();
  const disappeared = counter(
    'oauth_tokens_disappeared_total',
    "Rows that vanished from the application's table.",
    ['provider'],
  );
  const foreign = counter(
    'oauth_token_foreign_refreshes_total',
    'Forward moves of an expiry that were not ours.',
    ['provider'],
  );
  const refreshes = counter('oauth_token_refreshes_total', 'Tokens that this process refreshed.', [
    'provider',
  ]);
  const failures = counter(
    'oauth_token_refresh_failures_total',
    'Refreshes of this process that brought no token, by reason.',
    ['provider', 'reason'],
  );
  const recovered = counter(
    'oauth_token_rotations_recovered_total',
    'New tokens that were stored from the journal after a crash.',
    ['provider'],
  );
  const ambiguous = counter(
    'oauth_token_ambiguous_requests_total',
    'Requests sent again after a crash, because their answer was never seen.',
    ['provider'],
  );
  const shadowed = counter(
    'oauth_token_refreshes_shadowed_total',
    'Refreshes that were due and not made, because the mode is shadow.',
    ['provider'],
  );
  const duration = new Histogram({
    name: 'oauth_token_refresh_duration_seconds',
    help: 'Duration of a refresh, from reading the row to remembering the outcome.',
    labelNames: ['provider'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
    registers,
  });

  const refreshed = new Set<string>();
  return {
    declareEvents(provider) {
      disappeared.inc({ provider }, 0);
      foreign.inc({ provider }, 0);
    },
    declareProvider(provider) {
      refreshed.add(provider);
      refreshes.inc({ provider }, 0);
      recovered.inc({ provider }, 0);
      ambiguous.inc({ provider }, 0);
      for (const reason of pauseReasons) paused.set({ provider, reason }, 0);
      for (const reason of failureReasons) failures.inc({ provider, reason }, 0);
      duration.zero({ provider });
    },
    declareShadowed(provider) {
      shadowed.inc({ provider }, 0);
    },
    recordProvider(provider, { grants: assessment, pauses, demand: rate }) {
      if (assessment !== null) {
        for (const state of grantStates) grants.set({ provider, state }, assessment.grants[state]);
        falselyDeactivated.set({ provider }, assessment.falselyDeactivated);
      }
      // Where refreshing is not our job, nothing of it is overdue, and nothing holds it back.
      if (!refreshed.has(provider)) return;
      if (assessment !== null) overdue.set({ provider }, assessment.overdue);
      for (const reason of pauses === null ? [] : pauseReasons) {
        const holds = pauses?.some((pause) => pause.reason === reason) === true;
        paused.set({ provider, reason }, Number(holds));
      }
      if (rate !== null) {
        demand.set({ provider }, rate.neededPerMinute / 60);
        rateLimit.set({ provider }, rate.allowedPerMinute / 60);
      }
    },
    recordEvents(provider, events) {
      const count = (wanted: ChangeEvent) => events.filter((event) => event === wanted).length;
      disappeared.inc({ provider }, count('disappeared'));
      foreign.inc({ provider }, count('foreign_refresh'));
    },
    recordOutcome(provider, outcome, durationMs) {
      switch (outcome.kind) {
        case 'refreshed':
          refreshes.inc({ provider });
          if (outcome.recovered) recovered.inc({ provider });
          duration.observe({ provider }, durationMs / 1000);
          return;
        case 'failed':
          failures.inc({ provider, reason: outcome.reason });
          duration.observe({ provider }, durationMs / 1000);
          return;
        case 'superseded':
          failures.inc({ provider, reason: 'superseded' });
          return;
        case 'released':
          return;
      }
    },
    recordAmbiguousRequest(provider) {
      ambiguous.inc({ provider });
    },
    recordShadowed(provider, count) {
      shadowed.inc({ provider }, count);
    },
    recordJournal(usable) {
      journalUp.set(Number(usable));
    },
    recordMemory({ observedAt, memoryProblem }) {
      if (observedAt !== null) memoryUp.set(Number(memoryProblem === null));
    },
  };
}
