import { databasesAway, sourcesDown } from '../assess/assess.js';
import type { Assessment } from '../assess/assess.js';
import { describeDemand } from '../assess/demand.js';
import { isTooShortToPoll } from '../assess/lifetime.js';
import type { SourceAssessment } from '../assess/sources.js';
import type { DatabaseFailure } from '../database/explain-database-error.js';
import type { PollRecord } from './metrics.js';

/** A poll's one log line. */
export interface PollReport {
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Tells how a poll went: in good times one short line, in bad ones the cause and the next step.
 *
 * What merely informs (an absent source, a column that can't be shown) is told when it changes.
 */
export function formatPollReport(
  assessment: Assessment,
  poll: PollRecord,
  previous: Assessment,
  pollIntervalMs: number,
): PollReport {
  const durationMs = Math.round(poll.durationMs);
  const { databaseFailure } = assessment;
  if (databaseFailure !== null) {
    return {
      level: 'warn',
      message: `poll failed: ${sentences(databaseFailure.message, databaseFailure.remedy)}`,
      fields: { reason: databaseFailure.reason, durationMs },
    };
  }
  const sources = [...assessment.sources.values()];
  const down = sourcesDown(assessment);
  const away = databasesAway(assessment);
  const fields = {
    durationMs,
    ...databasesRead(assessment, poll),
    ...tokenTotals(assessment),
    ...obstacles(assessment, pollIntervalMs),
    ...changes(sources, previous),
  };
  if (down.length + away.length === 0) {
    const message = hasFailed(previous) ? 'poll succeeded again' : 'poll succeeded';
    return { level: 'info', message, fields };
  }
  return {
    level: 'warn',
    message: `poll incomplete: ${[...away.map(formatAway), ...down.map(formatSource)].join(' ')}`,
    fields: { reason: poll.failureReason, ...fields },
  };
}

function hasFailed({ databaseFailure, sources }: Assessment): boolean {
  return databaseFailure !== null || [...sources.values()].some(({ up }) => up === false);
}

/** How many of several databases this poll brought news of. */
function databasesRead({ unread }: Assessment, poll: PollRecord): { databases?: string } {
  const read = poll.clockSkewsMs.size;
  return unread.size === 0 ? {} : { databases: `${String(read)} of ${String(read + unread.size)}` };
}

function formatAway({ message, remedy }: DatabaseFailure): string {
  return sentences(message, remedy);
}

function formatSource({ name, reason, remedy }: SourceAssessment): string {
  return `${name}: ${sentences(reason ?? 'down', remedy)}`;
}

/** The cause and the next step. A statement to paste keeps its own end. */
function sentences(cause: string, remedy: string | null): string {
  if (remedy === null) return `${cause}.`;
  const step = remedy.charAt(0).toUpperCase() + remedy.slice(1);
  return `${cause}. ${step}${step.endsWith(';') ? '' : '.'}`;
}

function tokenTotals({ providers }: Assessment): { tokens?: Record<string, number> } {
  const totals = [...providers].flatMap(([name, { tokens }]) =>
    tokens === null ? [] : [[name, tokens.total] as const],
  );
  return totals.length === 0 ? {} : { tokens: Object.fromEntries(totals) };
}

/** What keeps tokens from being refreshed in time, by provider. */
function obstacles(
  { providers }: Assessment,
  pollIntervalMs: number,
): Record<string, Record<string, string | number>> {
  const paused: Record<string, string> = {};
  const rates: Record<string, string> = {};
  const polledTooSeldom: Record<string, number> = {};
  for (const [name, { pauses, demand, grants }] of providers) {
    const reasons = (pauses ?? []).map(({ reason, failure }) =>
      failure === null ? reason : `${reason} (${failure})`,
    );
    if (reasons.length > 0) paused[name] = reasons.join(', ');
    if (demand?.feasible === false) rates[name] = describeDemand(demand);
    const shortLived = (grants?.tokens ?? []).filter(
      ({ lifetimeMs }) => lifetimeMs !== null && isTooShortToPoll(lifetimeMs, pollIntervalMs),
    ).length;
    if (shortLived > 0) polledTooSeldom[name] = shortLived;
  }
  return {
    ...(Object.keys(paused).length > 0 && { paused }),
    ...(Object.keys(rates).length > 0 && { rates }),
    ...(Object.keys(polledTooSeldom).length > 0 && { polledTooSeldom }),
  };
}

function changes(
  sources: readonly SourceAssessment[],
  previous: Assessment,
): { sources?: Record<string, string> } {
  const changed = sources.filter((source) => {
    const before = previous.sources.get(source.name);
    return before === undefined
      ? source.state !== 'ok' || source.notes.length > 0
      : before.state !== source.state || before.notes.join() !== source.notes.join();
  });
  if (changed.length === 0) return {};
  return {
    sources: Object.fromEntries(
      changed.map(({ name, state, notes }) => [name, [state, ...notes].join('; ')]),
    ),
  };
}
