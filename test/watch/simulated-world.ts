import { assess, nothingKnown } from '../../src/assess/assess.js';
import type { AssessedConfig, Assessment } from '../../src/assess/assess.js';
import type { AssessedProvider } from '../../src/assess/assessed-token.js';
import type { SyncFailureReason } from '../../src/config/sync-config.js';
import type { Observation } from '../../src/observe/observe.js';
import type { ObservedSyncFailure } from '../../src/observe/sync-failures.js';
import { known, unknown } from '../../src/observe/reading.js';
import type { TokenMemory } from '../../src/store/token-memory.js';
import { firstSight } from '../../src/store/token-memory.js';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
export const pollIntervalMs = 30_000;
export const startMs = Date.parse('2026-03-02T08:00:00Z');

/** A token's row and what is remembered of it, both of which a scenario may change. */
export interface SimulatedToken {
  id: string;
  subject: string;
  active: boolean;
  expiresAtMs: number;
  memory: TokenMemory;
}

export interface LedgerEvent {
  readonly atMs: number;
  readonly tokenId: string;
  readonly event: string;
  readonly reason: string | null;
}

/** A provider whose tokens live and are refreshed by the real policy, on an injected clock. */
export interface SimulatedWorld {
  readonly lifetimeMs: number;
  readonly tokens: SimulatedToken[];
  readonly ledger: LedgerEvent[];
  /** When the oldest of the last syncs succeeded; null: syncs keep running every hour. */
  syncsStoppedAtMs: number | null;
  /** Failed syncs, none of which has succeeded since; the message is the reason itself. */
  syncFailures: ObservedSyncFailure[];
  stuckSyncs: number;
  /** When the last webhook came; null: they keep coming. `never`: none ever came. */
  webhooksStoppedAtMs: number | 'never' | null;
  /** Messages to people that have waited for eleven minutes. */
  undelivered: number;
  /** What can't be read now. */
  lost: 'nothing' | 'tokens' | 'syncs' | 'sync_state' | 'webhooks';
  /** Whether due tokens are refreshed. */
  refreshing: boolean;
  /** One poll: assesses, then refreshes what is due. */
  poll(nowMs: number): { readonly assessment: Assessment; readonly previous: Assessment };
  /** Refreshes a token, due or not. */
  refresh(tokenId: string, nowMs: number): void;
  kill(tokenId: string, nowMs: number): void;
  failSync(tokenId: string, nowMs: number, reason: SyncFailureReason): void;
}

const syncsOverdueAfterMs = 2 * hourMs;
const silentAfterMs = 6 * hourMs;
const syncReasons: readonly SyncFailureReason[] = ['auth', 'rate_limited', 'quota', 'benign'];
const syncs = {
  lastSuccess: [],
  running: null,
  stuckAfterMs: 10 * minuteMs,
  overdueAfterMs: syncsOverdueAfterMs,
  failures: [],
  failureReasons: syncReasons.map((reason) => ({ pattern: new RegExp(reason), reason })),
  schedule: null,
  runs: [],
  endpoint: null,
} as unknown as AssessedConfig['providers'][number]['syncs'];
const webhooks = {
  arrivals: null,
  events: null,
  windowMs: hourMs,
  silentAfterMs,
  delayedAfterMs: hourMs,
};
const policy = {
  refresh: {
    mode: 'on',
    way: { kind: 'app_endpoint', url: 'http://127.0.0.1/', headers: {}, body: null, perRow: false },
    rateLimit: { requests: 60, perMs: minuteMs },
    concurrency: 3,
    invalidGrantConfirmAfterMs: minuteMs,
  } satisfies AssessedProvider['refresh'],
};

/** Begins with tokens whose lives are spread evenly. */
export function createWorld(count: number, lifetimeMs: number): SimulatedWorld {
  let previous = nothingKnown;
  const provider: AssessedConfig['providers'][number] = {
    name: 'fathom',
    declaredLifetimeMs: lifetimeMs,
    syncs,
    jobs: null,
    webhooks,
    expiringSoonMs: 604_800_000,
    ...policy,
  };
  const world: SimulatedWorld = {
    lifetimeMs,
    tokens: Array.from({ length: count }, (_, index) => {
      const expiresAtMs = startMs + lifetimeMs * (0.4 + (0.5 * (index + 1)) / count);
      return newToken(`token-${index}`, `user-${index}`, expiresAtMs);
    }),
    ledger: [],
    syncsStoppedAtMs: null,
    syncFailures: [],
    stuckSyncs: 0,
    webhooksStoppedAtMs: null,
    undelivered: 0,
    lost: 'nothing',
    refreshing: true,
    poll(nowMs) {
      const before = previous;
      const memory = new Map(world.tokens.map((token) => [token.id, { ...token.memory }]));
      const assessment = assess(
        { ok: true, observation: observe(world, nowMs) },
        {
          problem: null,
          silentJournals: [],
          providers: new Map([['fathom', { tokens: memory, pauses: [] }]]),
          cron: null,
        },
        before,
        {
          sources: [
            { name: 'fathom:tokens', optional: false },
            { name: 'fathom:cron_job_logs', optional: false },
            { name: 'fathom:fathom_sync_state', optional: false },
            { name: 'fathom:webhook_arrivals', optional: false },
          ],
          providers: [provider],
          cron: null,
          pollIntervalMs,
        },
      );
      previous = assessment;
      if (world.refreshing) {
        for (const { tokenId, isDue } of assessment.providers.get('fathom')?.grants?.due ?? []) {
          if (isDue) world.refresh(tokenId, nowMs);
        }
      }
      return { assessment, previous: before };
    },
    refresh(tokenId, nowMs) {
      const token = tokenOf(world, tokenId);
      token.expiresAtMs = nowMs + lifetimeMs;
      token.memory = {
        ...token.memory,
        expiresAtMs: token.expiresAtMs,
        refreshedAtMs: nowMs,
        expiryMovedAtMs: nowMs,
        expiresInMs: lifetimeMs,
      };
      world.ledger.push({ atMs: nowMs, tokenId, event: 'refreshed', reason: null });
    },
    kill(tokenId, nowMs) {
      const token = tokenOf(world, tokenId);
      token.memory = {
        ...token.memory,
        failures: 2,
        failedAtMs: nowMs,
        deadSinceMs: nowMs,
        failureReason: 'invalid_grant',
      };
      world.ledger.push({ atMs: nowMs, tokenId, event: 'died', reason: 'invalid_grant' });
    },
    failSync(tokenId, atMs, message) {
      const { subject } = tokenOf(world, tokenId);
      world.syncFailures.unshift({ tokenId, subject, atMs, message });
    },
  };
  return world;
}

export function tokenOf(world: SimulatedWorld, id: string): SimulatedToken {
  const token = world.tokens.find((each) => each.id === id);
  if (token === undefined) throw new Error(`there is no token ${id}`);
  return token;
}

export function newToken(id: string, subject: string, expiresAtMs: number): SimulatedToken {
  return {
    id,
    subject,
    active: true,
    expiresAtMs,
    memory: firstSight({ id, active: true, expiresAtMs }, startMs - dayMs),
  };
}

function observe(world: SimulatedWorld, nowMs: number): Observation {
  const counts = {
    total: world.tokens.length,
    withoutExpiry: 0,
    beforeNow: 0,
    beforeSoon: 0,
    beforeWindow: { '1h': 0, '24h': 0, '7d': 0, '30d': 0, '90d': 0 },
  };
  const gone = unknown('missing', 'the table is gone', 'bring it back');
  const tokens =
    world.lost === 'tokens'
      ? gone
      : known({
          active: counts,
          inactive: { ...counts, total: 0 },
          earliestExpiresAtMs: null,
          mostUrgent: [],
          rows: world.tokens.map(({ id, subject, active, expiresAtMs }) => ({
            id,
            subject,
            account: null,
            active,
            expiresAtMs,
            hasRefreshToken: true,
          })),
        });
  const lagMs = nowMs - (world.syncsStoppedAtMs ?? nowMs - (nowMs % hourMs));
  const lag =
    world.lost !== 'syncs' && world.lost !== 'tokens'
      ? known({
          oldestSuccessAtMs: nowMs - lagMs,
          lagging: { '1h': 0, '6h': 0, '24h': 0, '7d': 0 },
          overdue: lagMs > syncsOverdueAfterMs ? world.tokens.length : 0,
          lastSuccess: [],
        })
      : gone;
  const hasState = world.lost !== 'sync_state' && world.lost !== 'tokens';
  const stuck = hasState ? known(world.stuckSyncs) : gone;
  const failures = hasState ? known(world.syncFailures) : gone;
  const { webhooksStoppedAtMs } = world;
  const arrivals =
    world.lost === 'webhooks'
      ? gone
      : known({
          lastReceivedAtMs: webhooksStoppedAtMs === 'never' ? null : (webhooksStoppedAtMs ?? nowMs),
          received: 0,
          measured: 0,
          delayMs: null,
          byMinute: [],
        });
  return {
    now: new Date(nowMs),
    clockSkewMs: 0,
    surroundings: {
      cron: null,
      providers: new Map([
        ['fathom', { jobLog: null, arrivals, events: null, expiryDays: null, stored: null }],
      ]),
      sources: [{ name: 'fathom:webhook_arrivals', optional: false, reading: arrivals }],
    },
    providers: [
      {
        name: 'fathom',
        tokens,
        syncs: { lag, stuck, failures },
        sources: [
          { name: 'fathom:tokens', optional: false, reading: tokens },
          { name: 'fathom:cron_job_logs', optional: false, reading: lag },
          { name: 'fathom:fathom_sync_state', optional: false, reading: stuck },
        ],
      },
    ],
  };
}

export const watchedProviders = [
  { name: 'fathom', overdueAfterMs: syncsOverdueAfterMs, silentAfterMs },
];
