import type { IncidentsConfig } from '../config/notify-config.js';
import type { Incident, IncidentKey, Told } from '../store/incidents.js';
import type { NoticeKind } from './notice.js';

/** What one poll says of a cause. */
export type Evidence =
  /** The poll could not see it: nothing begins, ends or is told. */
  | { readonly seen: false }
  /** Whom it affects, by id; none: it is over, and there is evidence for that. */
  | { readonly seen: true; readonly ids: readonly string[] };

/** The numbers of the policy. */
export type DecideNumbers = Pick<
  IncidentsConfig,
  | 'openAfterPolls'
  | 'recoverAfterPolls'
  | 'groupWaitMs'
  | 'updateIntervalMs'
  | 'firstReminderMs'
  | 'longestReminderMs'
> & { readonly pollIntervalMs: number };

/** Of what is decided. */
export interface DecideSubject extends IncidentKey {
  readonly severity: string;
  /** The first poll is enough. */
  readonly opensAtOnce: boolean;
  readonly silenced: boolean;
  /** Of the incident, if this begins one. */
  readonly newId: string;
}

/** Why it was decided so. */
export type DecidedBecause =
  /** There is none and was none. */
  | 'nothing'
  | 'no_evidence'
  /** The poll is older than what the incident already took into account. */
  | 'outdated'
  | 'suspected'
  /** Too soon after the last poll that counted. */
  | 'too_soon'
  | 'grouping'
  | 'opened'
  | 'silenced'
  | 'silence_ended'
  | 'unchanged'
  | 'grew'
  | 'shrank'
  | 'update_too_soon'
  | 'still_open'
  | 'recovering'
  | 'recovered'
  /** It went before anybody was told. */
  | 'dissolved';

/** What becomes of an incident, what people are told, and why. */
export interface Decision {
  /** The very object that was passed in where nothing changed; null: there is none any more. */
  readonly next: Incident | null;
  readonly tell: NoticeKind | null;
  readonly because: DecidedBecause;
}

/**
 * Decides what one poll at `nowMs`, by the database's clock, means for an incident.
 *
 * Nothing is told without evidence in this poll: one that could not see freezes the incident.
 * Polls count when they are at least one interval apart, so that replicas that poll a second after
 * each other are one poll. After OPEN there is no other OPEN before a RECOVERED.
 */
export function decideIncident(
  previous: Incident | null,
  subject: DecideSubject,
  evidence: Evidence,
  nowMs: number,
  numbers: DecideNumbers,
): Decision {
  if (!evidence.seen) return stay(previous, 'no_evidence');
  if (previous !== null && nowMs < previous.decidedAtMs) return stay(previous, 'outdated');
  const isOver = evidence.ids.length === 0;
  if (previous === null) {
    if (isOver) return stay(null, 'nothing');
    return afterBadPoll(begin(subject, nowMs), 1, subject, evidence.ids, nowMs, numbers);
  }
  const counts = nowMs - previous.countedAtMs >= numbers.pollIntervalMs;
  if (isOver) return afterGoodPoll(previous, counts, subject.silenced, nowMs, numbers);
  if (!previous.confirmed && !counts) return stay(previous, 'too_soon');
  return afterBadPoll(previous, previous.badPolls + 1, subject, evidence.ids, nowMs, numbers);
}

function begin(
  { provider, cause, replica, severity, newId }: DecideSubject,
  nowMs: number,
): Incident {
  return {
    id: newId,
    provider,
    cause,
    replica,
    severity,
    version: 0,
    firstSeenAtMs: nowMs,
    confirmed: false,
    badPolls: 0,
    goodPolls: 0,
    countedAtMs: nowMs,
    decidedAtMs: nowMs,
    told: null,
    reminders: 0,
    silenced: false,
  };
}

function afterBadPoll(
  previous: Incident,
  badPolls: number,
  { opensAtOnce, silenced }: DecideSubject,
  ids: readonly string[],
  nowMs: number,
  numbers: DecideNumbers,
): Decision {
  if (previous.confirmed) {
    // A good poll in between counts for nothing.
    const incident =
      previous.goodPolls === 0 ? previous : change(previous, nowMs, { goodPolls: 0 });
    return tellOfOpen(incident, silenced, ids, nowMs, numbers);
  }
  const confirmed = opensAtOnce || badPolls >= numbers.openAfterPolls;
  const next = change(previous, nowMs, { badPolls, confirmed, countedAtMs: nowMs });
  if (!confirmed) return { next, tell: null, because: 'suspected' };
  return tellOfOpen(next, silenced, ids, nowMs, numbers);
}

function tellOfOpen(
  incident: Incident,
  silenced: boolean,
  ids: readonly string[],
  nowMs: number,
  numbers: DecideNumbers,
): Decision {
  const { told } = incident;
  if (told === null && nowMs - incident.firstSeenAtMs < numbers.groupWaitMs) {
    return stay(incident, 'grouping');
  }
  if (silenced) {
    const next = incident.silenced ? incident : change(incident, nowMs, { silenced: true });
    return stay(next, 'silenced');
  }
  if (told === null) return tell(incident, 'open', 'opened', ids, nowMs);

  const changed = compare(told, ids);
  const waitedMs = nowMs - told.atMs;
  if (waitedMs < numbers.updateIntervalMs) {
    return stay(incident, changed === null ? 'unchanged' : 'update_too_soon');
  }
  if (changed !== null) return tell(incident, 'update', changed, ids, nowMs);
  if (incident.silenced) return tell(incident, 'reminder', 'silence_ended', ids, nowMs);
  if (waitedMs < reminderWaitMs(incident.reminders, numbers)) return stay(incident, 'unchanged');
  return tell(incident, 'reminder', 'still_open', ids, nowMs);
}

function afterGoodPoll(
  previous: Incident,
  counts: boolean,
  silenced: boolean,
  nowMs: number,
  { recoverAfterPolls }: DecideNumbers,
): Decision {
  if (!previous.confirmed) return { next: null, tell: null, because: 'dissolved' };
  const isFirst = previous.goodPolls === 0;
  if (!isFirst && !counts && previous.goodPolls < recoverAfterPolls) {
    return stay(previous, 'too_soon');
  }
  const goodPolls = Math.min(previous.goodPolls + 1, recoverAfterPolls);
  const next =
    goodPolls === previous.goodPolls
      ? previous
      : change(previous, nowMs, { goodPolls, countedAtMs: nowMs });
  if (goodPolls < recoverAfterPolls) return stay(next, 'recovering');
  if (previous.told === null) return { next: null, tell: null, because: 'dissolved' };
  // Who was told that it began is told that it ended, after the silence.
  if (silenced) return stay(next, 'silenced');
  return { next: null, tell: 'recovered', because: 'recovered' };
}

/** How long after the last message the next reminder comes: 4 h, 8 h, 16 h, then every 24 h. */
export function reminderWaitMs(
  reminders: number,
  { firstReminderMs, longestReminderMs }: DecideNumbers,
): number {
  return Math.min(firstReminderMs * 2 ** reminders, longestReminderMs);
}

/** By ids, not by number: one that went and another that came is news. */
function compare({ ids: told }: Told, ids: readonly string[]): 'grew' | 'shrank' | null {
  if (ids.some((id) => !told.has(id))) return 'grew';
  return ids.length < told.size ? 'shrank' : null;
}

function tell(
  incident: Incident,
  kind: Exclude<NoticeKind, 'recovered'>,
  because: DecidedBecause,
  ids: readonly string[],
  nowMs: number,
): Decision {
  const next = change(incident, nowMs, {
    told: { atMs: nowMs, ids: new Set(ids) },
    reminders: incident.reminders + (kind === 'reminder' ? 1 : 0),
    silenced: false,
  });
  return { next, tell: kind, because };
}

function change(incident: Incident, nowMs: number, changes: Partial<Incident>): Incident {
  return { ...incident, ...changes, decidedAtMs: nowMs };
}

function stay(next: Incident | null, because: DecidedBecause): Decision {
  return { next, tell: null, because };
}
