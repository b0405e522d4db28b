import type { ProviderConfig } from '../config/config.js';
import type { AssessedToken } from './assessed-token.js';
import { expiryLeewayMs } from './effectively-expired.js';
import { largestGroup } from './largest-group.js';
import { sliceSize } from './slices.js';
import type { Slices } from './slices.js';

const dayMs = 86_400_000;
/** The runbook's incident: everybody's tokens expired within three days. */
const cliffWindowMs = 3 * dayMs;
/** How far ahead a cliff is told of: time to plan, and not months of reminders. */
export const cliffHorizonMs = 30 * dayMs;

/** The active tokens of a provider that nobody refreshes. Metrics and incidents both come from it. */
export interface Unrefreshed {
  /** All of them, those that have expired too, in the order of the rows. */
  readonly tokens: readonly UnrefreshedToken[];
  /**
   * The most that expire less than 72 hours apart, all within the next 30 days, the earliest first.
   * Of groups of the same size it is the earliest.
   */
  readonly cohort: readonly UnrefreshedToken[];
}

export interface UnrefreshedToken {
  readonly token: AssessedToken;
  /** Until its expiry; negative: it has expired. */
  readonly remainingMs: number;
  /** How early to tell of it: a third of its known lifetime, the EXPIRING SOON window at most. */
  readonly aheadMs: number;
}

type Provider = Pick<ProviderConfig, 'declaredLifetimeMs' | 'expiringSoonMs' | 'syncs'>;

/** Fewer are single tokens, whatever their share. */
const fewestOfCliff = 5;

/** As many in a cohort, of so many active tokens, are an expiry cliff. */
export function cliffThreshold(active: number, cliffShare: number): number {
  return Math.max(fewestOfCliff, cliffShare * active);
}

/** Where every token is refreshed. */
export const noneUnrefreshed: Unrefreshed = { tokens: [], cohort: [] };

/**
 * Finds the active tokens that no refresh will save.
 *
 * Saved are those that we refresh, and those whose expiry somebody was seen to move: an
 * application that refreshes on its own is no incident, nor are the idle tokens of one that
 * refreshes on use. Of a token with a refresh token nothing is said before it was watched for a
 * lifetime, a day at most: until then nobody had to refresh it. Dead grants have their own
 * incident. EXPIRING SOON alone is no reason: every healthy token that lives a day is.
 */
export function* findUnrefreshed(
  provider: Provider,
  tokens: readonly AssessedToken[],
  nowMs: number,
): Slices<Unrefreshed> {
  const whole = yield* lookAtAll(provider, tokens, nowMs);
  const found: UnrefreshedToken[] = [];
  for (const [index, token] of tokens.entries()) {
    if (index % sliceSize === 0) yield;
    const { active, expiresAtMs, grant } = token;
    if (!active || grant === 'dead') continue;
    if (expiresAtMs === null || !Number.isFinite(expiresAtMs)) continue;
    if (isSaved(provider, token, whole, nowMs)) continue;
    found.push({ token, remainingMs: expiresAtMs - nowMs, aheadMs: aheadMs(provider, token) });
  }
  const coming = found.filter((each) => !hasExpired(each) && each.remainingMs <= cliffHorizonMs);
  return { tokens: found, cohort: yield* largestGroup(coming, cliffWindowMs) };
}

/** Whether it is time to tell of it; true of one that has expired. */
export function isTimeToTell({ remainingMs, aheadMs }: UnrefreshedToken): boolean {
  return remainingMs < aheadMs;
}

/** By the bound of the runbook's CASE, so that a token is counted as expired or as expiring. */
export function hasExpired({ remainingMs }: UnrefreshedToken): boolean {
  return remainingMs < 0;
}

/** What a provider's active tokens say of each one of them. */
interface Whole {
  /** Somebody was seen to refresh one. */
  readonly isAttended: boolean;
  /** Half of them have expired: waiting for a sign would only delay the news. */
  readonly isLapse: boolean;
}

function* lookAtAll(
  provider: Provider,
  tokens: readonly AssessedToken[],
  nowMs: number,
): Slices<Whole> {
  let active = 0;
  let expired = 0;
  let isAttended = false;
  for (const [index, token] of tokens.entries()) {
    if (index % sliceSize === 0) yield;
    if (!token.active) continue;
    active += 1;
    if (isLapsed(token, nowMs)) expired += 1;
    isAttended ||= movedLately(provider, token, nowMs);
  }
  return { isAttended, isLapse: 2 * expired >= active };
}

function isSaved(
  provider: Provider,
  token: AssessedToken,
  { isAttended, isLapse }: Whole,
  nowMs: number,
): boolean {
  if (movedLately(provider, token, nowMs)) return true;
  if (token.hasRefreshToken === false) return false;
  if (token.isRefreshedByUs || isAttended) return true;
  const watchedMs = nowMs - token.memory.firstSeenAtMs;
  if (watchedMs >= Math.min(token.lifetimeMs ?? dayMs, dayMs)) return false;
  return !(isLapse && isLapsed(token, nowMs));
}

/**
 * Within its lifetime somebody refreshed it. An application that syncs on a schedule may pause for
 * as long as its syncs may.
 */
function movedLately({ syncs }: Provider, token: AssessedToken, nowMs: number): boolean {
  const { expiryMovedAtMs, refreshedAtMs } = token.memory;
  const movedAtMs = Math.max(expiryMovedAtMs ?? -Infinity, refreshedAtMs ?? -Infinity);
  return nowMs - movedAtMs <= Math.max(token.lifetimeMs ?? dayMs, syncs?.overdueAfterMs ?? 0);
}

/** What was left of a token at first sight is no lifetime here: it would make the warning late. */
function aheadMs({ declaredLifetimeMs, expiringSoonMs }: Provider, token: AssessedToken): number {
  const { expiresInMs, observedLifetimesMs } = token.memory;
  const observedMs = observedLifetimesMs.length > 0 ? Math.max(...observedLifetimesMs) : null;
  const lifetimeMs = expiresInMs ?? observedMs ?? declaredLifetimeMs ?? Infinity;
  return Math.min(expiringSoonMs, lifetimeMs / 3);
}

function isLapsed({ expiresAtMs }: AssessedToken, nowMs: number): boolean {
  return expiresAtMs !== null && nowMs - expiresAtMs > expiryLeewayMs;
}
