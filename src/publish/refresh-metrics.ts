import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import { grantStates } from '../assess/grant-state.js';
import type { GrantAssessment } from '../assess/grants.js';
import type { ChangeEvent } from '../store/record-changes.js';
import { failureReasons } from '../refresh/failure-reason.js';
import type { RefreshOutcome } from '../refresh/refresh-outcome.js';
import { gauge } from './gauge.js';

/** Metrics of grants and refreshes, per provider. */
export interface RefreshMetrics {
  /** Starts every series of a provider that is refreshed, at 0. */
  readonly declareProvider: (provider: string) => void;
  /** Whether the provider was declared: refreshing its tokens is this exporter's job. */
  readonly isDeclared: (provider: string) => boolean;
  readonly recordGrants: (provider: string, grants: GrantAssessment | null) => void;
  /** Counts what happened to rows without our doing, each event on the replica that recorded it. */
  readonly recordEvents: (provider: string, events: readonly ChangeEvent[]) => void;
  readonly recordOutcome: (provider: string, outcome: RefreshOutcome, durationMs: number) => void;
  readonly recordJournal: (usable: boolean) => void;
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
  const duration = new Histogram({
    name: 'oauth_token_refresh_duration_seconds',
    help: 'Duration of a refresh, from reading the row to remembering the outcome.',
    labelNames: ['provider'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
    registers,
  });

  const refreshed = new Set<string>();
  return {
    declareProvider(provider) {
      refreshed.add(provider);
      refreshes.inc({ provider }, 0);
      recovered.inc({ provider }, 0);
      for (const reason of failureReasons) failures.inc({ provider, reason }, 0);
      duration.zero({ provider });
    },
    isDeclared: (provider) => refreshed.has(provider),
    recordGrants(provider, assessment) {
      disappeared.inc({ provider }, 0);
      foreign.inc({ provider }, 0);
      if (assessment === null) return;
      for (const state of grantStates) grants.set({ provider, state }, assessment.grants[state]);
      falselyDeactivated.set({ provider }, assessment.falselyDeactivated);
      // Where refreshing is not our job, nothing of it is overdue.
      if (refreshed.has(provider)) overdue.set({ provider }, assessment.overdue);
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
    recordJournal(usable) {
      journalUp.set(Number(usable));
    },
  };
}
