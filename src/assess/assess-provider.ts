import type { ProviderConfig } from '../config/config.js';
import type { ProviderObservation } from '../observe/observe.js';
import type { SyncObservation } from '../observe/observe-syncs.js';
import type { ProviderSurroundings } from '../observe/surroundings.js';
import type { SyncLagObservation } from '../observe/syncs.js';
import type { ExpiryCounts } from '../observe/expiry-counts.js';
import type { TokenRow } from '../observe/token-rows.js';
import type { ObservedToken } from '../observe/tokens.js';
import { expiringWithin } from '../observe/windows.js';
import type { ExpiringWithin, LaggingOver } from '../observe/windows.js';
import type { AssessedProvider, GrantRow } from './assessed-token.js';
import type { Demand } from './demand.js';
import { calendarOfDays, calendarOfTokens } from './expiry-calendar.js';
import type { ExpiryCalendar } from './expiry-calendar.js';
import { assessGrantsInSlices } from './grants.js';
import type { GrantAssessment } from './grants.js';
import type { ProviderMemory } from './memories.js';
import { assessProviderDemand } from './provider-demand.js';
import type { ProviderPause } from './provider-pause.js';
import { assessSyncFailures, syncAuthFailedAtMs } from './sync-failures.js';
import type { SyncFailures } from './sync-failures.js';
import type { Slices } from './slices.js';
import { assessStored } from './stored.js';
import type { StoredAssessment } from './stored.js';
import { countByStatus } from './token-status.js';
import type { TokenStatus } from './token-status.js';
import { assessWebhooks } from './webhooks.js';
import type { WebhookAssessment } from './webhooks.js';

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
  readonly stored: StoredAssessment | null;
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

/** What of a provider's configuration an assessment depends on. */
export type ConfiguredProvider = AssessedProvider & Pick<ProviderConfig, 'jobs' | 'webhooks'>;

/** What a provider is judged by, beside what a poll saw of it; undefined: there is none. */
export interface ProviderContext {
  readonly configured: ConfiguredProvider | undefined;
  readonly memory: ProviderMemory | undefined;
  readonly around: ProviderSurroundings | undefined;
  readonly before: ProviderAssessment | undefined;
  readonly now: Date;
  readonly pollIntervalMs: number;
}

type AssessedRows = Pick<ProviderAssessment, 'grants' | 'demand'>;

/** Says what a poll saw of one provider means. What it could not see stays as it was before. */
export function* assessProvider(
  observed: ProviderObservation,
  context: ProviderContext,
): Slices<ProviderAssessment> {
  const { configured, memory, around, before, now } = context;
  const counts = assessCounts(observed, now, before);
  const syncFailures = assessFailures(observed, configured) ?? before?.syncFailures ?? null;
  const rows = (yield* assessRows(observed, context, syncFailures)) ?? rowsBefore(before);
  return {
    ...counts,
    ...rows,
    syncFailures,
    pauses: memory?.pauses ?? null,
    webhooks: assessWebhooks(configured?.webhooks ?? null, around, before?.webhooks ?? null, now),
    stored: assessStored(around?.stored, before?.stored ?? null),
    calendar: assessCalendar(counts.tokens, rows.grants, context) ?? before?.calendar ?? null,
  };
}

function assessCounts(
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

/** From each token where they are remembered, else from counts. */
function assessCalendar(
  tokens: TokenAssessment | null,
  grants: GrantAssessment | null,
  { configured, around, now }: ProviderContext,
): ExpiryCalendar | null {
  if (tokens === null) return null;
  const expiryDays = around?.expiryDays ?? null;
  const activeTokens = Object.values(tokens.active).reduce((sum, count) => sum + count, 0);
  if (expiryDays?.known) return calendarOfDays(expiryDays.value, activeTokens, now);
  if (grants === null) return null;
  return calendarOfTokens(grants.tokens, configured?.refresh ?? null, activeTokens, now);
}

function* assessRows(
  { tokens }: ProviderObservation,
  { configured, memory, now, pollIntervalMs }: ProviderContext,
  syncFailures: SyncFailures | null,
): Slices<AssessedRows | null> {
  if (!tokens.known || tokens.value.rows === null) return null;
  if (memory === undefined || configured === undefined) return null;
  const rows = grantRows(tokens.value.rows, syncFailures);
  const grants = yield* assessGrantsInSlices(configured, rows, memory.tokens, now, pollIntervalMs);
  const demand = assessProviderDemand(configured, grants.tokens, now.getTime(), pollIntervalMs);
  yield;
  return { grants, demand };
}

/** One at a time, and field by field: a copy of 100,000 rows costs as much as judging them. */
function* grantRows(
  rows: readonly TokenRow[],
  syncFailures: SyncFailures | null,
): Iterable<GrantRow> {
  for (const { id, subject, account, active, expiresAtMs, hasRefreshToken } of rows) {
    yield {
      id,
      subject,
      account,
      active,
      expiresAtMs,
      hasRefreshToken,
      currentFingerprint: null,
      syncAuthFailedAtMs: syncAuthFailedAtMs(syncFailures, id),
    };
  }
}

function rowsBefore(previous: ProviderAssessment | undefined): AssessedRows {
  return { grants: previous?.grants ?? null, demand: previous?.demand ?? null };
}

function assessFailures(
  { syncs }: ProviderObservation,
  configured: ConfiguredProvider | undefined,
): SyncFailures | null {
  if (syncs?.failures?.known !== true) return null;
  return assessSyncFailures(syncs.failures.value, configured?.syncs?.failureReasons ?? []);
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
