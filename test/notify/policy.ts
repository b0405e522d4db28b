import { decideIncident } from '../../src/notify/decide-incident.js';
import type { DecideNumbers, DecideSubject, Evidence } from '../../src/notify/decide-incident.js';
import type { NoticeKind } from '../../src/notify/notice.js';
import type { Incident } from '../../src/store/incidents.js';

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;

/** The defaults of the configuration, with a poll every 30 s. */
export const numbers: DecideNumbers = {
  pollIntervalMs: 30 * second,
  openAfterPolls: 2,
  recoverAfterPolls: 2,
  groupWaitMs: 30 * second,
  updateIntervalMs: 5 * minute,
  firstReminderMs: 4 * hour,
  longestReminderMs: 24 * hour,
};

export const subject: DecideSubject = {
  provider: 'fathom',
  cause: 'refresh_overdue',
  replica: null,
  severity: 'critical',
  opensAtOnce: false,
  silenced: false,
  newId: '00000000-0000-4000-8000-000000000001',
};

/** What a poll saw: ids that are affected; none: all is well; null: it could not see. */
export type Sight = readonly string[] | null;

export interface Step {
  readonly atMs: number;
  readonly sight: Sight;
  readonly silenced?: boolean;
}

export interface Told {
  readonly atMs: number;
  readonly kind: NoticeKind;
}

export interface History {
  readonly incident: Incident | null;
  readonly told: readonly Told[];
  /** The step at which each of them was told. */
  readonly toldAt: readonly number[];
  /** Of the last step. */
  readonly because: string;
}

export function evidenceOf(sight: Sight): Evidence {
  return sight === null ? { seen: false } : { seen: true, ids: sight };
}

/** Plays polls one after the other. */
export function play(
  steps: readonly Step[],
  of: Partial<DecideSubject> = {},
  policy: Partial<DecideNumbers> = {},
): History {
  let incident: Incident | null = null;
  let because = '';
  const told: Told[] = [];
  const toldAt: number[] = [];
  steps.forEach(({ atMs, sight, silenced = false }, index) => {
    const decision = decideIncident(
      incident,
      { ...subject, ...of, silenced, newId: `incident ${index}` },
      evidenceOf(sight),
      atMs,
      { ...numbers, ...policy },
    );
    incident = decision.next;
    because = decision.because;
    if (decision.tell !== null) {
      told.push({ atMs, kind: decision.tell });
      toldAt.push(index);
    }
  });
  return { incident, told, toldAt, because };
}

/** Polls at these times, all with the same sight. */
export function polls(sight: Sight, ...times: readonly number[]): Step[] {
  return times.map((atMs) => ({ atMs, sight }));
}
