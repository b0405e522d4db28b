import type { Assessment } from '../../src/assess/assess.js';
import type { ProviderAssessment, TokenAssessment } from '../../src/assess/assess-provider.js';
import type { CronAssessment } from '../../src/assess/cron.js';
import type { CronJob } from '../../src/assess/cron-job.js';
import type { SourceAssessment } from '../../src/assess/sources.js';
import { noneUnrefreshed } from '../../src/assess/unrefreshed.js';
import type { DatabaseFailure } from '../../src/database/explain-database-error.js';
import type { PollRecord } from '../../src/publish/metrics.js';
import type { WatchFigures } from '../../src/watch/watch-figures.js';

/** The instant at which the database of these assessments was read. */
export const observedAt = new Date('2025-11-29T08:00:00.250Z');

export const at = (iso: string): number => new Date(iso).getTime();

export const facts = { version: '1.2.3', demo: false, pollIntervalMs: 30_000, cliffShare: 0.5 };

/** A stability watch that found a dead grant after an hour. */
export const endedWatch: WatchFigures = {
  providers: 'fathom,google',
  verdict: 'UNSTABLE',
  startedAtMs: at('2025-11-29T06:00:00Z'),
  deadlineAtMs: at('2025-12-01T06:00:00Z'),
  endedAtMs: at('2025-11-29T07:00:30Z'),
  samples: 119,
  lastSampleAtMs: at('2025-11-29T07:00:30Z'),
  coverage: 0.991_666,
  violations: {
    tokens_lost: 0,
    grants_died: 1,
    rotations_lost: 0,
    tokens_expired: 0,
    syncs_overdue: 0,
    syncs_failed: 0,
    syncs_stuck: 0,
    cron_runs: 0,
    webhooks_silent: 0,
    notifications_stuck: 0,
    sources_lost: 0,
  },
};

export const goodPoll: PollRecord = {
  durationMs: 42,
  failureReason: null,
  clockSkewsMs: new Map([['default', -1.5]]),
};

export const databaseAway: DatabaseFailure = {
  reason: 'unreachable',
  message: 'nothing listens at db.example.com:5432',
  remedy: 'start the database, or check host and port in DATABASE_URL',
};

export const failedPoll: PollRecord = {
  durationMs: 4_500,
  failureReason: 'unreachable',
  clockSkewsMs: new Map(),
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
    webhooks: null,
    stored: null,
    calendar: null,
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
    cron: null,
    databaseFailure: null,
    unread: new Map(),
    instants: new Map(),
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

const dayOf = (date: string): number => at(`${date}T00:00:00Z`) / 86_400_000;

const jobOf = (name: string, facts: Partial<CronJob> = {}): CronJob => ({
  name,
  schedule: '0 * * * *',
  active: true,
  lastRunAtMs: at('2025-11-29T07:00:00Z'),
  lastSuccessAtMs: at('2025-11-29T07:00:40.5Z'),
  missed: null,
  isScheduleKnown: true,
  problems: [],
  pause: null,
  ...facts,
});

const missing = {
  reason: 'misconfigured' as const,
  atMs: at('2025-11-29T07:00:00Z'),
  message: 'Supabase configuration missing',
};

/** A job that succeeds at doing nothing, one that does not run, and one that is gone. */
export const cronOf = (): CronAssessment => ({
  jobs: [
    jobOf('fathom-hourly-sync'),
    jobOf('night "watch"', {
      lastSuccessAtMs: null,
      missed: { expectedAtMs: at('2025-11-27T03:00:00Z'), runs: 2 },
      problems: [{ reason: 'failing', failures: 1, atMs: null, message: 'connection failed' }],
    }),
    jobOf('gone', {
      schedule: null,
      active: false,
      isScheduleKnown: false,
      problems: [{ reason: 'vanished', sinceMs: null }],
    }),
  ],
  logs: new Map([
    ['fathom', [{ name: 'fathom_cron_sync_v2', lastSuccessAtMs: null, problems: [missing] }]],
  ]),
  knowledge: {
    jobs: new Map(),
    cursor: null,
    totals: new Map([
      ['fathom-hourly-sync', { succeeded: 1_234, failed: 5 }],
      ['night "watch"', { succeeded: 0, failed: 1 }],
    ]),
  },
  timeZone: 'GMT',
  origin: 'memory',
});

/** Two providers in the middle of the incident, with every kind of value that a metric can take. */
export const incident: Assessment = {
  ...assessmentOf(
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
          active: [],
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
        webhooks: {
          arrivals: {
            lastReceivedAtMs: at('2025-11-28T23:30:00.5Z'),
            received: 12,
            measured: 11,
            delayMs: { median: 1_810_500, p90: 3_300_000 },
            isClustered: true,
          },
          events: { succeeded: 20, failed: 3, other: 1 },
          problems: ['delayed', 'carried_by_cron'],
        },
        stored: {
          lastStoredAtMs: at('2025-11-27T20:00:00Z'),
          nothingStoredMs: 36 * 3_600_000,
          successes: 34,
        },
        calendar: {
          firstDay: dayOf('2025-11-29'),
          days: [
            {
              day: dayOf('2025-11-29'),
              counts: { refreshed: 1, lapses: 1, inactive: 0, unknown: 0 },
            },
            {
              day: dayOf('2026-01-05'),
              counts: { refreshed: 0, lapses: 0, inactive: 1, unknown: 2 },
            },
          ],
          cohort: null,
        },
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
  ),
  cron: cronOf(),
};
