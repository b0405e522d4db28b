import type { Config, ProviderConfig } from '../config/config.js';
import type { DatabaseFailure } from '../database/explain-database-error.js';
import type { Observation, ProviderObservation } from '../observe/observe.js';
import type { SyncObservation } from '../observe/observe-syncs.js';
import type { ExpiryCounts, ObservedToken } from '../observe/tokens.js';
import type { SyncLagObservation } from '../observe/syncs.js';
import type { ProviderSurroundings } from '../observe/surroundings.js';
import { expiringWithin } from '../observe/windows.js';
import type { ExpiringWithin, LaggingOver } from '../observe/windows.js';
import type { AssessedProvider } from './assessed-token.js';
import type { Demand } from './demand.js';
import { assessCron } from './cron.js';
import type { CronAssessment } from './cron.js';
import { calendarOfDays, calendarOfTokens } from './expiry-calendar.js';
import type { ExpiryCalendar } from './expiry-calendar.js';
import { assessGrants } from './grants.js';
import type { GrantAssessment } from './grants.js';
import type { Memories, ProviderMemory, SilentJournal } from './memories.js';
import { assessProviderDemand } from './provider-demand.js';
import type { ProviderPause } from './provider-pause.js';
import { assessSources, sourcesUnreachable, wasSeen } from './sources.js';
import type { SourceAssessment } from './sources.js';
import { assessSyncFailures, syncAuthFailedAtMs } from './sync-failures.js';
import type { SyncFailures } from './sync-failures.js';
import { countByStatus } from './token-status.js';
import { assessWebhooks } from './webhooks.js';
import type { WebhookAssessment } from './webhooks.js';
import type { TokenStatus } from './token-status.js';

/** What is known after a poll. Where a poll could not see, the last known value stays. */
export interface Assessment {
  /** The database's clock at the last poll that reached it; null before the first. */
  readonly observedAt: Date | null;
  readonly providers: ReadonlyMap<string, ProviderAssessment>;
  readonly sources: ReadonlyMap<string, SourceAssessment>;
  /** null: no jobs are watched, or none could be seen yet. */
  readonly cron: CronAssessment | null;
  /** Why the database could not be used in this poll; null when it could. */
  readonly databaseFailure: DatabaseFailure | null;
  /** The poll reached the database and every source that must be up is up. */
  readonly complete: boolean;
  /** Why the exporter's memory could not be used in this poll; null when it could. */
  readonly memoryProblem: string | null;
  readonly silentJournals: readonly SilentJournal[];
}

/** null: not known yet, or not configured. */
export interface ProviderAssessment {
  readonly tokens: TokenAssessment | null;
  readonly syncs: SyncAssessment | null;
  readonly stuckSyncs: number | null;
  /** Tokens whose last sync failed, and why. */
  readonly syncFailures: SyncFailures | null;
  readonly grants: GrantAssessment | null;
  /** What holds its refreshes back; null where nothing is remembered. */
  readonly pauses: readonly ProviderPause[] | null;
  /** Whether its rate is enough for its tokens; null where the rate is not ours to keep. */
  readonly demand: Demand | null;
  readonly webhooks: WebhookAssessment | null;
  readonly calendar: ExpiryCalendar | null;
}

export interface TokenAssessment {
  readonly total: number;
  readonly active: Readonly<Record<TokenStatus, number>>;
  readonly inactive: Readonly<Record<TokenStatus, number>>;
  /** Tokens that expire between now and the end of the window, active or not. */
  readonly expiringWithin: Readonly<Record<ExpiringWithin, number>>;
  readonly earliestExpiresAtMs: number | null;
  readonly mostUrgent: readonly ObservedToken[];
}

export interface SyncAssessment {
  /** Age of the oldest of the last successes; null when no active token was ever synced. */
  readonly maxLagMs: number | null;
  readonly lagging: Readonly<Record<LaggingOver, number>>;
  readonly overdue: number;
  readonly lastSuccess: SyncLagObservation['lastSuccess'];
}

/** What a poll brought: the world, or why the database could not be used. */
export type PollResult =
  | { readonly ok: true; readonly observation: Observation }
  | { readonly ok: false; readonly failure: DatabaseFailure };

/** What the configuration says that an assessment depends on. */
export interface AssessedConfig {
  readonly sources: readonly { readonly name: string; readonly optional: boolean }[];
  readonly providers: readonly (AssessedProvider & Pick<ProviderConfig, 'jobs' | 'webhooks'>)[];
  readonly cron: Config['cron'];
  readonly pollIntervalMs: number;
}

/** Before the first poll: nothing is known, and nothing is reported as zero. */
export const nothingKnown: Assessment = {
  observedAt: null,
  providers: new Map(),
  sources: new Map(),
  cron: null,
  databaseFailure: null,
  complete: false,
  memoryProblem: null,
  silentJournals: [],
};

/** Says what a poll's result means, given what is remembered and what was known before it. */
export function assess(
  result: PollResult,
  memories: Memories,
  previous: Assessment,
  config: AssessedConfig,
): Assessment {
  if (!result.ok) {
    const sources = sourcesUnreachable(config.sources, previous.sources, result.failure);
    return {
      ...previous,
      sources: byName(sources),
      databaseFailure: result.failure,
      complete: false,
    };
  }
  const { now, providers, surroundings } = result.observation;
  const observed = [...providers.flatMap(({ sources }) => sources), ...surroundings.sources];
  const sources = assessSources(config.sources, observed, previous.sources);
  return {
    observedAt: now,
    providers: new Map(
      providers.map((provider) => {
        const before = previous.providers.get(provider.name);
        const memory = memories.providers.get(provider.name);
        const syncFailures = assessFailures(provider, config) ?? before?.syncFailures ?? null;
        const seen = assessProvider(provider, now, before);
        const rows = assessRows(provider, memory, syncFailures, now, config) ?? rowsBefore(before);
        const configured = config.providers.find(({ name }) => name === provider.name);
        const around = surroundings.providers.get(provider.name);
        const expiryDays = around?.expiryDays ?? null;
        return [
          provider.name,
          {
            ...seen,
            ...rows,
            syncFailures,
            pauses: memory?.pauses ?? null,
            webhooks: assessWebhooks(
              configured?.webhooks ?? null,
              around,
              before?.webhooks ?? null,
              now,
            ),
            calendar:
              assessCalendar(seen.tokens, rows.grants, expiryDays, configured, now) ??
              before?.calendar ??
              null,
          },
        ];
      }),
    ),
    sources: byName(sources),
    cron: assessCron(surroundings, memories.cron, previous.cron, config, now),
    databaseFailure: null,
    complete: sources.every(({ up }) => up !== false),
    memoryProblem: memories.problem,
    silentJournals: memories.silentJournals,
  };
}

/** Names of the sources that could be read at least once. */
export function sourcesSeen({ sources }: Assessment): ReadonlySet<string> {
  return new Set([...sources.values()].filter(wasSeen).map(({ name }) => name));
}

function assessProvider(
  { tokens, syncs }: ProviderObservation,
  now: Date,
  previous: ProviderAssessment | undefined,
): Pick<ProviderAssessment, 'tokens' | 'syncs' | 'stuckSyncs'> {
  return {
    tokens: tokens.known
      ? {
          total: tokens.value.active.total + tokens.value.inactive.total,
          active: countByStatus(tokens.value.active),
          inactive: countByStatus(tokens.value.inactive),
          expiringWithin: countExpiringWithin(tokens.value.active, tokens.value.inactive),
          earliestExpiresAtMs: tokens.value.earliestExpiresAtMs,
          mostUrgent: tokens.value.mostUrgent,
        }
      : (previous?.tokens ?? null),
    syncs: assessSyncs(syncs, now) ?? previous?.syncs ?? null,
    stuckSyncs: syncs?.stuck?.known ? syncs.stuck.value : (previous?.stuckSyncs ?? null),
  };
}

type AssessedRows = Pick<ProviderAssessment, 'grants' | 'demand'>;

/** From each token where they are remembered, else from counts. */
function assessCalendar(
  tokens: TokenAssessment | null,
  grants: GrantAssessment | null,
  expiryDays: ProviderSurroundings['expiryDays'],
  configured: AssessedProvider | undefined,
  now: Date,
): ExpiryCalendar | null {
  if (tokens === null) return null;
  const activeTokens = Object.values(tokens.active).reduce((sum, count) => sum + count, 0);
  if (expiryDays?.known) return calendarOfDays(expiryDays.value, activeTokens, now);
  if (grants === null) return null;
  return calendarOfTokens(grants.tokens, configured?.refresh ?? null, activeTokens, now);
}

function assessRows(
  { name, tokens }: ProviderObservation,
  memory: ProviderMemory | undefined,
  syncFailures: SyncFailures | null,
  now: Date,
  { providers, pollIntervalMs }: AssessedConfig,
): AssessedRows | null {
  const provider = providers.find((each) => each.name === name);
  if (!tokens.known || tokens.value.rows === null) return null;
  if (memory === undefined || provider === undefined) return null;
  const rows = tokens.value.rows.map((row) => ({
    ...row,
    currentFingerprint: null,
    syncAuthFailedAtMs: syncAuthFailedAtMs(syncFailures, row.id),
  }));
  const grants = assessGrants(provider, rows, memory.tokens, now, pollIntervalMs);
  const demand = assessProviderDemand(provider, grants.tokens, now.getTime(), pollIntervalMs);
  return { grants, demand };
}

function rowsBefore(previous: ProviderAssessment | undefined): AssessedRows {
  return { grants: previous?.grants ?? null, demand: previous?.demand ?? null };
}

function assessFailures(
  { name, syncs }: ProviderObservation,
  { providers }: AssessedConfig,
): SyncFailures | null {
  if (syncs?.failures?.known !== true) return null;
  const config = providers.find((each) => each.name === name)?.syncs;
  return assessSyncFailures(syncs.failures.value, config?.failureReasons ?? []);
}

function assessSyncs(syncs: SyncObservation | null, now: Date): SyncAssessment | null {
  if (syncs?.lag.known !== true) return null;
  const { oldestSuccessAtMs, lagging, overdue, lastSuccess } = syncs.lag.value;
  return {
    // A success stamped in the future (another machine's clock) is no negative lag.
    maxLagMs: oldestSuccessAtMs === null ? null : Math.max(0, now.getTime() - oldestSuccessAtMs),
    lagging,
    overdue,
    lastSuccess,
  };
}

function countExpiringWithin(
  ...parts: readonly ExpiryCounts[]
): Readonly<Record<ExpiringWithin, number>> {
  const labels = Object.keys(expiringWithin) as ExpiringWithin[];
  const count = (label: ExpiringWithin) =>
    parts.reduce((sum, part) => sum + part.beforeWindow[label] - part.beforeNow, 0);
  return Object.fromEntries(labels.map((label) => [label, count(label)])) as Record<
    ExpiringWithin,
    number
  >;
}

function byName(sources: readonly SourceAssessment[]): ReadonlyMap<string, SourceAssessment> {
  return new Map(sources.map((source) => [source.name, source]));
}
