import fc from 'fast-check';
import { assess, nothingKnown } from '../../src/assess/assess.js';
import { refreshSubject } from '../../src/assess/refresh-subject.js';
import { learnCron, nothingKnownOfCron } from '../../src/assess/cron-knowledge.js';
import { nothingRemembered } from '../../src/assess/memories.js';
import { makeChecks } from '../../src/commands/verify-checks.js';
import type { VerifyFacts } from '../../src/commands/verify-facts.js';
import type { Config, ProviderConfig } from '../../src/config/config.js';
import { configuredSources } from '../../src/observe/observe.js';
import type { Observation } from '../../src/observe/observe.js';
import { known, unknown } from '../../src/observe/reading.js';
import type { Reading } from '../../src/observe/reading.js';
import type { TokenRow } from '../../src/observe/token-rows.js';
import { expiringWithin, laggingOver } from '../../src/observe/windows.js';
import type { JudgedToken } from '../../src/remedy/judged-token.js';
import type { VerifyCheck, VerifyCheckName } from '../../src/remedy/verify-check.js';
import { firstSight } from '../../src/store/token-memory.js';
import { complete, loadFrom } from '../config/load-from.js';

const now = new Date('2026-11-24T12:00:00Z');
export const nowMs = now.getTime();
const minute = 60_000;
const hour = 60 * minute;

/** Every reading that a check of the preset rests on. */
export const readings = {
  tokens: ['token_statuses', 'reconnections'],
  lag: ['syncs'],
  stuck: ['syncs'],
  failures: ['syncs'],
  jobs: ['cron_jobs'],
  runs: ['cron_jobs'],
  responses: ['cron_jobs'],
  jobLog: ['job_log'],
  arrivals: ['webhooks'],
  events: ['webhooks'],
  memory: ['reconnections'],
} as const satisfies Record<string, readonly VerifyCheckName[]>;
export type ReadingName = keyof typeof readings;

/** A world in which most things are well, so that there is something to pass. */
export interface World {
  readonly rows: readonly TokenRow[];
  readonly refreshes: boolean;
  readonly overdue: number;
  readonly oldestSuccessAtMs: number | null;
  readonly stuck: number;
  readonly failed: boolean;
  readonly lastRunAgoMs: number;
  readonly succeeded: boolean;
  readonly answers: number;
  readonly logged: number | null;
  readonly received: number;
  readonly measured: number;
  readonly delayMs: number;
  readonly processed: number;
}

const mostly = <T>(usual: T, arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary });

const row: fc.Arbitrary<TokenRow> = fc.record({
  id: fc.uuid(),
  subject: mostly<string | null>('user', fc.constant(null)),
  account: fc.constant(null),
  active: mostly(true, fc.constant(false)),
  expiresAtMs: mostly<number | null>(
    nowMs + 20 * hour,
    fc.constantFrom(null, nowMs, nowMs - 1, nowMs - 2 * hour, Infinity),
  ),
  hasRefreshToken: mostly<boolean | null>(true, fc.constantFrom(false, null)),
});

/** Worlds that are mostly well, so that laws about passing meet some that do. */
export const world: fc.Arbitrary<World> = fc.record({
  rows: fc.uniqueArray(row, { selector: ({ id }) => id, maxLength: 4 }),
  refreshes: fc.boolean(),
  overdue: mostly(0, fc.nat(3)),
  oldestSuccessAtMs: mostly<number | null>(nowMs - hour, fc.constant(null)),
  stuck: mostly(0, fc.nat(2)),
  failed: mostly(false, fc.boolean()),
  lastRunAgoMs: mostly(minute, fc.integer({ min: 0, max: hour })),
  succeeded: mostly(true, fc.boolean()),
  answers: mostly(1, fc.constant(0)),
  logged: mostly<number | null>(nowMs - hour, fc.constant(null)),
  received: mostly(8, fc.nat(8)),
  measured: mostly(8, fc.nat(8)),
  delayMs: mostly(minute, fc.nat(5 * hour)),
  processed: fc.nat(9),
});

const config = (refreshes: boolean): Config => {
  const client = { FATHOM_CLIENT_ID: 'client', FATHOM_CLIENT_SECRET: 'secret' };
  const loaded = loadFrom({}, { ...complete, ...(refreshes ? client : {}) });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
};
const configs = { on: config(true), off: config(false) };

function counts(rows: readonly TokenRow[]) {
  const before = (ms: number) =>
    rows.filter(({ expiresAtMs: at }) => at !== null && at < ms).length;
  return {
    total: rows.length,
    withoutExpiry: rows.filter(({ expiresAtMs }) => expiresAtMs === null).length,
    beforeNow: before(nowMs),
    beforeSoon: before(nowMs + 168 * hour),
    beforeWindow: Object.fromEntries(
      Object.entries(expiringWithin).map(([label, ms]) => [label, before(nowMs + ms)]),
    ) as Record<keyof typeof expiringWithin, number>,
  };
}

/** A world in which everything passes. */
export const healthy: World = {
  rows: [
    {
      id: 'a',
      subject: 'user',
      account: null,
      active: true,
      expiresAtMs: nowMs + 20 * hour,
      hasRefreshToken: true,
    },
  ],
  refreshes: true,
  overdue: 0,
  oldestSuccessAtMs: nowMs - hour,
  stuck: 0,
  failed: false,
  lastRunAgoMs: minute,
  succeeded: true,
  answers: 1,
  logged: nowMs - hour,
  received: 8,
  measured: 8,
  delayMs: minute,
  processed: 1,
};

/** What a poll would read of this world, but for what is hidden from it. */
function observe(of: World, hidden: ReadonlySet<ReadingName>): Observation {
  const seen = <T>(name: ReadingName, value: T): Reading<T> =>
    hidden.has(name) ? unknown('denied', 'not permitted', 'GRANT') : known(value);
  const active = of.rows.filter((each) => each.active);
  const inactive = of.rows.filter((each) => !each.active);
  const lastRunAtMs = nowMs - of.lastRunAgoMs;
  const run = {
    jobId: 1,
    lastRunAtMs,
    isRunning: false,
    lastSuccessAtMs: of.succeeded ? lastRunAtMs : null,
    failures: of.succeeded ? 0 : 1,
    lastFailure: of.succeeded ? null : { atMs: lastRunAtMs, message: 'no route' },
    successStartsMs: of.succeeded ? [lastRunAtMs] : [],
  };
  const answered = {
    jobId: 1,
    fromMs: lastRunAtMs,
    toMs: lastRunAtMs + 2 * minute,
    succeeded: of.answers,
    failed: 0,
    failedStatus: null,
    failure: null,
  };
  const job = { jobId: 1, name: 'fathom', schedule: '* * * * *', active: true, callsHttp: true };
  const tokens = {
    active: counts(active),
    inactive: counts(inactive),
    earliestExpiresAtMs: null,
    mostUrgent: [],
    rows: of.rows,
  };
  const none = Object.fromEntries(Object.keys(laggingOver).map((label) => [label, 0]));
  const lag = {
    oldestSuccessAtMs: of.oldestSuccessAtMs,
    lagging: none as Record<keyof typeof laggingOver, number>,
    overdue: of.overdue,
    lastSuccess: [],
  };
  const failure = { tokenId: 'x', subject: 'user', atMs: nowMs, message: '429' };
  const count = { from: null, to: { lastRunId: 1, openRunIds: [] }, counts: [] };
  return {
    now,
    clockSkewMs: 0,
    providers: [
      {
        name: 'fathom',
        tokens: seen('tokens', tokens),
        syncs: {
          lag: seen('lag', lag),
          stuck: seen('stuck', of.stuck),
          failures: seen('failures', of.failed ? [failure] : []),
        },
        sources: [],
      },
    ],
    surroundings: {
      sources: [],
      cron: {
        jobs: seen('jobs', { jobs: [job], complete: true, timeZone: 'GMT' }),
        runs: seen('runs', { runs: [run], complete: true, count }),
        responses: seen('responses', [answered]),
        sources: [],
      },
      providers: new Map([
        [
          'fathom',
          {
            jobLog: seen(
              'jobLog',
              of.logged === null
                ? []
                : [{ name: 'sync', lastSuccessAtMs: of.logged, lastFailure: null }],
            ),
            arrivals: seen('arrivals', {
              lastReceivedAtMs: of.received === 0 ? null : nowMs - hour,
              received: of.received,
              measured: Math.min(of.measured, of.received),
              delayMs: of.measured === 0 ? null : { median: of.delayMs, p90: of.delayMs },
              byMinute: Array.from({ length: 60 }, () => 0),
            }),
            events: seen('events', { succeeded: of.processed, failed: 0, other: 0 }),
            expiryDays: null,
            stored: null,
          },
        ],
      ]),
    },
  };
}

/** Verifies this world, but for what is hidden. */
export function verify(of: World, hidden: ReadonlySet<ReadingName> = new Set()): VerifyCheck[] {
  const chosen = of.refreshes ? configs.on : configs.off;
  const [provider] = chosen.providers;
  if (provider === undefined) throw new TypeError('the preset has one provider');
  const observation = observe(of, hidden);
  const memoryProblem = hidden.has('memory') ? 'the exporter has no memory yet' : null;
  const seenCron = observation.surroundings.cron;
  const memories = {
    ...nothingRemembered,
    problem: memoryProblem,
    providers: new Map([
      [
        'fathom',
        { pauses: [], tokens: new Map(of.rows.map((each) => [each.id, firstSight(each, nowMs)])) },
      ],
    ]),
    cron: seenCron === null ? null : learnCron(nothingKnownOfCron, seenCron, now),
  };
  const assessment = assess({ ok: true, observation }, memories, nothingKnown, {
    ...chosen,
    sources: configuredSources(chosen),
  });
  const facts: VerifyFacts = {
    config: chosen,
    observation,
    assessment,
    memoryProblem,
    rememberedJobs: 0,
    providers: [
      {
        provider,
        tokens: of.rows.map((each) => judged(provider, each)),
        remembered:
          memoryProblem === null
            ? { returned: [], lastSwitchOf: () => null, ledgerBeginsAtMs: null }
            : { problem: memoryProblem },
      },
    ],
  };
  return makeChecks(facts, null, new Map());
}

function judged(provider: ProviderConfig, each: TokenRow): JudgedToken {
  const facts = { ...each, currentFingerprint: null, syncAuthFailedAtMs: null };
  const subject = refreshSubject(provider, firstSight(each, nowMs), facts);
  return { provider, row: each, memory: null, subject };
}
