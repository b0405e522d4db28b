import type { Assessment, ProviderAssessment, TokenAssessment } from '../../src/assess/assess.js';
import type { SourceAssessment } from '../../src/assess/sources.js';
import { noneUnrefreshed } from '../../src/assess/unrefreshed.js';
import type { DatabaseFailure } from '../../src/database/explain-database-error.js';
import type { PollRecord } from '../../src/publish/metrics.js';

/** The instant at which the database of these assessments was read. */
export const observedAt = new Date('2025-11-29T08:00:00.250Z');

export const at = (iso: string): number => new Date(iso).getTime();

export const facts = { version: '1.2.3', demo: false, pollIntervalMs: 30_000 };

export const goodPoll: PollRecord = { durationMs: 42, failureReason: null, clockSkewMs: -1.5 };

export const databaseAway: DatabaseFailure = {
  reason: 'unreachable',
  message: 'nothing listens at db.example.com:5432',
  remedy: 'start the database, or check host and port in DATABASE_URL',
};

export const failedPoll: PollRecord = {
  durationMs: 4_500,
  failureReason: 'unreachable',
  clockSkewMs: null,
};

export function sourceOf(
  name: string,
  facts: Partial<Omit<SourceAssessment, 'name'>> = {},
): SourceAssessment {
  return { name, state: 'ok', up: true, reason: null, remedy: null, notes: [], ...facts };
}

export function tokensOf(facts: Partial<TokenAssessment> = {}): TokenAssessment {
  return {
    total: 0,
    active: { valid: 0, expiring_soon: 0, expired: 0, unknown: 0 },
    inactive: { valid: 0, expiring_soon: 0, expired: 0, unknown: 0 },
    expiringWithin: { '1h': 0, '24h': 0, '7d': 0, '30d': 0, '90d': 0 },
    earliestExpiresAtMs: null,
    mostUrgent: [],
    ...facts,
  };
}

export function providerOf(facts: Partial<ProviderAssessment> = {}): ProviderAssessment {
  return {
    tokens: tokensOf(),
    syncs: null,
    stuckSyncs: null,
    syncFailures: null,
    grants: null,
    pauses: null,
    demand: null,
    ...facts,
  };
}

export function assessmentOf(
  providers: Readonly<Record<string, ProviderAssessment>>,
  sources: readonly SourceAssessment[] = [],
): Assessment {
  return {
    observedAt,
    providers: new Map(Object.entries(providers)),
    sources: new Map(sources.map((source) => [source.name, source])),
    databaseFailure: null,
    complete: sources.every(({ up }) => up !== false),
    memoryProblem: null,
    silentJournals: [],
  };
}

/** The same knowledge after a poll that did not reach the database. */
export function afterFailure(before: Assessment): Assessment {
  const sources = [...before.sources.values()].map((source) =>
    source.up === null
      ? source
      : sourceOf(source.name, {
          state: 'unreachable',
          up: false,
          reason: databaseAway.message,
          remedy: databaseAway.remedy,
        }),
  );
  return {
    ...before,
    sources: new Map(sources.map((source) => [source.name, source])),
    databaseFailure: databaseAway,
    complete: false,
  };
}

/** Two providers in the middle of the incident, with every kind of value that a metric can take. */
export const incident: Assessment = assessmentOf(
  {
    fathom: {
      tokens: tokensOf({
        total: 7,
        active: { valid: 1, expiring_soon: 1, expired: 2, unknown: 1 },
        inactive: { valid: 0, expiring_soon: 1, expired: 1, unknown: 0 },
        expiringWithin: { '1h': 0, '24h': 1, '7d': 2, '30d': 3, '90d': 3 },
        earliestExpiresAtMs: at('2025-10-13T12:00:00.123Z'),
        mostUrgent: [
          { id: 'a1', active: true, expiresAtMs: at('2025-11-27T08:00:00Z') },
          { id: 'a2', active: true, expiresAtMs: at('2025-11-28T23:59:59.999Z') },
          { id: 'a3', active: true, expiresAtMs: at('2025-11-29T20:00:00Z') },
          { id: 'a4', active: true, expiresAtMs: Infinity },
          { id: 'a5', active: true, expiresAtMs: null },
          { id: 'i1', active: false, expiresAtMs: at('2025-10-13T12:00:00.123Z') },
        ],
      }),
      syncs: {
        maxLagMs: 4 * 86_400_000 + 500,
        lagging: { '1h': 4, '6h': 4, '24h': 3, '7d': 0 },
        overdue: 3,
        lastSuccess: [
          { id: 'a1', atMs: at('2025-11-25T08:00:00Z') },
          { id: 'i1', atMs: at('2025-10-12T12:00:00.5Z') },
        ],
      },
      stuckSyncs: 1,
      syncFailures: {
        byReason: {
          reauthorize: 1,
          auth: 2,
          rate_limited: 0,
          configuration: 0,
          quota: 0,
          benign: 0,
          other: 0,
        },
        byToken: new Map([
          ['a1', { subject: 'u1', atMs: at('2025-11-29T07:00:00Z'), reason: 'auth' }],
          ['a2', { subject: 'u2', atMs: at('2025-11-29T07:00:00Z'), reason: 'auth' }],
          ['a3', { subject: 'u3', atMs: at('2025-11-29T07:00:00Z'), reason: 'reauthorize' }],
        ]),
      },
      grants: {
        grants: { live: 2, at_risk: 1, dead: 1, disabled: 2, unknown: 1 },
        falselyDeactivated: 1,
        overdue: 2,
        due: [
          {
            tokenId: 'a1',
            dueAtMs: at('2025-11-27T00:00:00Z'),
            isDue: true,
            expiresAtMs: at('2025-11-27T08:00:00Z'),
            refreshedAtMs: null,
            failedLastTime: true,
          },
        ],
        tokens: [],
        unrefreshed: noneUnrefreshed,
      },
      pauses: [
        {
          reason: 'breaker',
          sinceMs: null,
          untilMs: at('2025-11-29T08:03:00Z'),
          failure: 'server_error',
        },
      ],
      demand: { feasible: true, neededPerMinute: 21, allowedPerMinute: 60 },
    },
    google: providerOf({
      tokens: tokensOf({
        total: 1,
        active: { valid: 0, expiring_soon: 0, expired: 0, unknown: 1 },
        mostUrgent: [{ id: 'g1', active: true, expiresAtMs: null }],
      }),
    }),
  },
  [
    sourceOf('fathom:tokens'),
    sourceOf('fathom:cron_job_logs', {
      state: 'absent',
      up: null,
      reason: 'table public.cron_job_logs does not exist',
      remedy: 'create it, or map the right table in the configuration',
    }),
    sourceOf('fathom:fathom_sync_state'),
    sourceOf('google:tokens', {
      state: 'denied',
      up: false,
      reason: 'the role monitor may not read expires_at of public.google_integrations',
      remedy: 'GRANT SELECT (expires_at) ON public.google_integrations TO monitor;',
    }),
  ],
);
