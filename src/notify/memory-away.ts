import type { Incident, Told } from '../store/incidents.js';
import { decideIncident } from './decide-incident.js';
import type { DecideNumbers, DecideSubject } from './decide-incident.js';
import type { IncidentFile } from './incident-file.js';
import type { NoticeKind } from './notice.js';

/** What is told while nothing can be remembered in the database. */
export interface MemoryAway {
  /**
   * The memory can't be reached, which is an incident of its own. `lastKnown` is that incident as
   * the memory last had it; `tell` says whether people were told. Says whether they have been.
   */
  readonly onAway: (
    subject: DecideSubject,
    nowMs: number,
    lastKnown: Incident | null,
    tell: (kind: NoticeKind, incident: Incident, told: Told | null) => Promise<boolean>,
  ) => Promise<boolean>;
  /** What people were told that the memory does not know of; null: nothing. */
  readonly news: (nowMs: number) => Promise<Incident | null>;
  /** The memory is back, and knows. */
  readonly onBack: () => Promise<void>;
}

/**
 * Tells of a memory that has been away for `awayAfterMs`, once, and reminds. What was told is kept
 * in a file and handed to the memory when it is back: the incident goes on there, so that it is
 * not opened again and recovers once, whichever replica sees that. Each replica may have told it.
 */
export function createMemoryAway(
  file: IncidentFile,
  awayAfterMs: number,
  numbers: DecideNumbers,
  onTrouble: (message: string, error: unknown) => void,
): MemoryAway {
  let loaded = false;
  let incident: Incident | null = null;
  let awaySinceMs: number | null = null;

  const load = async (): Promise<void> => {
    if (loaded) return;
    incident = await file.read();
    loaded = true;
  };
  const keep = async (next: Incident | null): Promise<void> => {
    incident = next;
    try {
      await file.write(next);
    } catch (error) {
      onTrouble(
        'what people were told could not be kept in a file; a restart may tell it again',
        error,
      );
    }
  };

  return {
    async onAway(subject, nowMs, lastKnown, tell) {
      await load();
      awaySinceMs ??= nowMs;
      if (lastKnown?.told != null) incident ??= lastKnown;
      if (incident === null && nowMs - awaySinceMs < awayAfterMs) return false;
      const evidence = { seen: true, ids: ['database'] } as const;
      const policy = { ...numbers, groupWaitMs: 0 };
      const decision = decideIncident(incident, subject, evidence, nowMs, policy);
      if (decision.next === null || decision.tell === null) return incident !== null;
      const next = { ...decision.next, firstSeenAtMs: incident?.firstSeenAtMs ?? awaySinceMs };
      if (!(await tell(decision.tell, next, incident?.told ?? null))) return incident !== null;
      await keep(next);
      return true;
    },
    async news(nowMs) {
      await load();
      return incident === null ? null : before(incident, nowMs);
    },
    async onBack() {
      awaySinceMs = null;
      if (incident !== null) await keep(null);
    },
  };
}

/** Times of our own clock, from before the database was ever reached, may lie in its future. */
function before(incident: Incident, nowMs: number): Incident {
  const { told } = incident;
  return {
    ...incident,
    firstSeenAtMs: Math.min(incident.firstSeenAtMs, nowMs),
    countedAtMs: Math.min(incident.countedAtMs, nowMs),
    decidedAtMs: Math.min(incident.decidedAtMs, nowMs),
    told: told && { ...told, atMs: Math.min(told.atMs, nowMs) },
  };
}
