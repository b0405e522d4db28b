import type { ProviderConfig } from '../config/config.js';
import { calendarDays } from '../observe/expiry-days.js';
import type { ExpiryDay } from '../observe/expiry-days.js';
import type { AssessedToken } from './assessed-token.js';

/** What will come of a token at its expiry: values of the `outcome` label of `oauth_tokens_expiring_on`. */
export const expiryOutcomes = [
  /** The exporter refreshes it before. */
  'refreshed',
  /** Nothing refreshes it: its grant is dead, or it has no refresh token. */
  'lapses',
  /** Switched off: nobody refreshes it, and nobody uses it. */
  'inactive',
  /** Whoever refreshes it is not this exporter, or its last refresh failed. */
  'unknown',
] as const;
export type ExpiryOutcome = (typeof expiryOutcomes)[number];
export type OutcomeCounts = Readonly<Record<ExpiryOutcome, number>>;

/** Which tokens of a provider expire on which of the next 90 days, by UTC and the database's clock. */
export interface ExpiryCalendar {
  /** Today, in days since 1970. What has expired before `now` is in no day. */
  readonly firstDay: number;
  /** The days on which something expires, in order. */
  readonly days: readonly CalendarDay[];
  readonly cohort: ExpiryCohort | null;
}

export interface CalendarDay {
  /** Days since 1970. */
  readonly day: number;
  readonly counts: OutcomeCounts;
}

/** Tokens that fall together: most of a provider's, within three days. */
export interface ExpiryCohort {
  readonly fromDay: number;
  readonly toDay: number;
  readonly tokens: number;
  /** Of so many active tokens. */
  readonly of: number;
  /** How many of them a refresh saves before. */
  readonly refreshed: number;
}

const dayMs = 86_400_000;
const cohortDays = 3;
const fewestInCohort = 5;

/** Says what will come of each token at its expiry. */
export function expiryOutcome(
  { active, grant, hasRefreshToken, decision }: OutcomeFacts,
  refresh: ProviderConfig['refresh'],
): ExpiryOutcome {
  if (!active) return 'inactive';
  if (hasRefreshToken === false || grant === 'dead') return 'lapses';
  if (refresh?.mode !== 'on' || grant === 'at_risk') return 'unknown';
  return decision.dueAtMs === null ? 'lapses' : 'refreshed';
}

type OutcomeFacts = Pick<AssessedToken, 'active' | 'grant' | 'hasRefreshToken' | 'decision'>;

/** Gathers the days on which tokens expire, from what is remembered of each of them. */
export function calendarOfTokens(
  tokens: readonly (OutcomeFacts & Pick<AssessedToken, 'expiresAtMs'>)[],
  refresh: ProviderConfig['refresh'],
  activeTokens: number,
  now: Date,
): ExpiryCalendar {
  const days = new Map<number, Record<ExpiryOutcome, number>>();
  for (const token of tokens) {
    if (token.expiresAtMs === null || token.expiresAtMs < now.getTime()) continue;
    count(days, Math.floor(token.expiresAtMs / dayMs), expiryOutcome(token, refresh), 1);
  }
  return toCalendar(days, activeTokens, now);
}

/** The same from counts alone: nothing is known then of the grants behind them. */
export function calendarOfDays(
  counted: readonly ExpiryDay[],
  activeTokens: number,
  now: Date,
): ExpiryCalendar {
  const days = new Map<number, Record<ExpiryOutcome, number>>();
  for (const { day, active, tokens } of counted) {
    count(days, day, active ? 'unknown' : 'inactive', tokens);
  }
  return toCalendar(days, activeTokens, now);
}

function count(
  days: Map<number, Record<ExpiryOutcome, number>>,
  day: number,
  outcome: ExpiryOutcome,
  tokens: number,
): void {
  const counts = days.get(day) ?? { refreshed: 0, lapses: 0, inactive: 0, unknown: 0 };
  counts[outcome] += tokens;
  days.set(day, counts);
}

function toCalendar(
  counted: ReadonlyMap<number, OutcomeCounts>,
  activeTokens: number,
  now: Date,
): ExpiryCalendar {
  const firstDay = Math.floor(now.getTime() / dayMs);
  const days = [...counted]
    .filter(([day]) => day >= firstDay && day < firstDay + calendarDays)
    .sort(([a], [b]) => a - b)
    .map(([day, counts]): CalendarDay => ({ day, counts }));
  return { firstDay, days, cohort: findCohort(days, activeTokens) };
}

/** Active tokens that expire on a day. */
export function activeOn({ counts }: CalendarDay): number {
  return counts.refreshed + counts.lapses + counts.unknown;
}

/** The three days in which the most active tokens expire, where these are at least half of all. */
function findCohort(days: readonly CalendarDay[], of: number): ExpiryCohort | null {
  let cohort: ExpiryCohort | null = null;
  const used = days.filter((each) => activeOn(each) > 0);
  for (const { day: fromDay } of used) {
    const within = used.filter(({ day }) => day >= fromDay && day < fromDay + cohortDays);
    const tokens = within.reduce((sum, day) => sum + activeOn(day), 0);
    if (tokens < fewestInCohort || tokens * 2 < of || tokens <= (cohort?.tokens ?? 0)) continue;
    const toDay = within.at(-1)?.day ?? fromDay;
    const refreshed = within.reduce((sum, { counts }) => sum + counts.refreshed, 0);
    cohort = { fromDay, toDay, tokens, of, refreshed };
  }
  return cohort;
}

/** `2025-11-27`. */
export function isoDay(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

/** As people say it: `37 of 41 active tokens expire 27-29 Nov, a refresh saves 30 of them`. */
export function describeCohort({ fromDay, toDay, tokens, of, refreshed }: ExpiryCohort): string {
  const saved =
    refreshed === 0
      ? 'no refresh is sure to save them'
      : refreshed === tokens
        ? 'but are refreshed before'
        : `a refresh saves ${String(refreshed)} of them`;
  return `${String(tokens)} of ${String(of)} active tokens expire ${dayRange(fromDay, toDay)}, ${saved}`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function dayRange(fromDay: number, toDay: number): string {
  const [from, to] = [fromDay, toDay].map((day) => new Date(day * dayMs));
  const name = (date: Date | undefined) =>
    `${String(date?.getUTCDate())} ${months[date?.getUTCMonth() ?? 0] ?? ''}`;
  if (fromDay === toDay) return `on ${name(from)}`;
  return from?.getUTCMonth() === to?.getUTCMonth()
    ? `${String(from?.getUTCDate())}-${name(to)}`
    : `${name(from)} - ${name(to)}`;
}
