import { setImmediate } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Assessment } from '../assess/assess.js';
import { nothingRemembered } from '../assess/memories.js';
import type { Memories } from '../assess/memories.js';
import type { Config } from '../config/config.js';
import { keyOf } from '../store/incidents.js';
import type { CauseContext } from './causes/cause.js';
import { databaseDown } from './causes/database-down.js';
import { possibleIncidents } from './find-causes.js';
import type { PossibleIncident } from './find-causes.js';
import type { IncidentFile } from './incident-file.js';
import { lacksMemory, ownIncidents, sharedIncidents } from './incident-memory.js';
import type { Enqueue, IncidentMemory, RememberedIncidents } from './incident-memory.js';
import { incidentNotice } from './incident-notice.js';
import { judgeIncident, subjectOf } from './judge-incident.js';
import { createMemoryAway } from './memory-away.js';
import type { Notice, Severity } from './notice.js';

/** What telling needs of the outside. */
export interface TellingParts {
  readonly config: Config;
  readonly statePool: Pool;
  /** Names this replica, where a cause is its own. */
  readonly host: string;
  /** Puts a notice into the outbox, in the transaction that remembers its incident. */
  readonly enqueue: Enqueue;
  /** Hears of every notice whose transaction is committed. */
  readonly announce: (notices: readonly Notice[]) => void;
  /** Tells without the database. False: people could not be told; it is tried again. */
  readonly sendDirectly: (notice: Notice) => Promise<boolean>;
  /** Where there is no memory, and so no outbox either. */
  readonly tellUnremembered: (notice: Notice) => void;
  /** Where an incident is kept while the database is away. */
  readonly file: IncidentFile;
  readonly newId: () => string;
  /** Why nothing is refreshed; null: the journal is well; undefined: it was not tried yet. */
  readonly journalProblem: () => string | null | undefined;
  /** Every incident that there may be, and whether it is open. */
  readonly onStates: (states: readonly IncidentState[]) => void;
  readonly onTrouble: (message: string, error: unknown) => void;
  /** The database's clock decides; these stand in for it while it can't be asked. */
  readonly clock: { readonly now: () => number; readonly monotonicMs: () => number };
}

export interface IncidentState {
  readonly provider: string | null;
  readonly cause: string;
  readonly severity: Severity;
  readonly open: boolean;
}

/** Tells people what a poll means for them. */
export interface Telling {
  /** Takes a poll's result, one that failed too. Never rejects: telling must not stop the polls. */
  readonly tell: (assessment: Assessment, memories: Memories) => Promise<void>;
  /** The same for a poll that ended by a fault of the exporter. */
  readonly tellFault: (known: Assessment) => Promise<void>;
}

/** As many incidents in a row that can't be written are a memory that is away. */
const patience = 3;

/** Builds the step that follows each poll. */
export function createTelling(parts: TellingParts): Telling {
  const { config, onTrouble } = parts;
  const possible = possibleIncidents(config.providers, parts.host);
  const numbers = { ...config.incidents, pollIntervalMs: config.pollIntervalMs };
  const judging = { numbers, newId: parts.newId };
  const shared = sharedIncidents(parts.statePool, parts.enqueue);
  const own = ownIncidents(parts.tellUnremembered);
  const away = createMemoryAway(parts.file, numbers.memoryAwayMs, numbers, onTrouble);
  let last: RememberedIncidents = { open: [], silences: [] };

  const decideAll = async (memory: IncidentMemory, context: CauseContext): Promise<void> => {
    last = await memory.read();
    const open = new Map(last.open.map((incident) => [keyOf(incident), incident]));
    let failures = 0;
    const states = new Map<PossibleIncident, boolean>();
    for (const each of possible) {
      // Each looks at every token: between two of them the event loop turns.
      await setImmediate();
      const previous = open.get(keyOf(each)) ?? null;
      const { next, notice } = judgeIncident(judging, each, context, last.silences, previous);
      states.set(each, next?.confirmed ?? false);
      if (next === previous) continue;
      try {
        const won = await memory.write({ previous, next, notice, atMs: context.nowMs });
        if (won && notice !== null && memory === shared) parts.announce([notice]);
      } catch (error) {
        failures += 1;
        if (lacksMemory(error) || failures === patience) throw error;
        onTrouble(
          `the incident ${each.cause} could not be written; the next poll tries again`,
          error,
        );
      }
    }
    parts.onStates([...states].map(([each, isOpen]) => stateOf(each, isOpen)));
  };

  /** What was told while the memory was away goes into it before anything is decided. */
  const decideWith = async (memory: IncidentMemory, context: CauseContext): Promise<void> => {
    const news = await away.news(context.nowMs);
    if (news !== null) await memory.adopt(news);
    await decideAll(memory, context);
    await away.onBack();
  };

  const tellDirectly = async (context: CauseContext): Promise<void> => {
    const database = possible.find(({ of }) => of === databaseDown);
    const finding = database?.find(context, null);
    if (database === undefined || finding?.seen !== true) return;
    const { nowMs } = context;
    const lastKnown = last.open.find((incident) => keyOf(incident) === keyOf(database)) ?? null;
    const subject = {
      ...subjectOf(database, nowMs, last.silences, parts.newId),
      opensAtOnce: true,
    };
    const { of: cause } = database;
    const isOpen = await away.onAway(subject, nowMs, lastKnown, (kind, incident, told) =>
      parts.sendDirectly(incidentNotice(kind, cause, incident, told, finding, nowMs)),
    );
    if (isOpen) parts.onStates([stateOf(database, true)]);
  };

  const tell = async (context: CauseContext): Promise<void> => {
    try {
      await decideWith(shared, context);
    } catch (error) {
      if (lacksMemory(error)) {
        await decideWith(own, context);
        return;
      }
      // A failed poll has said already that the database is away.
      if (context.pollFailure === null) onTrouble('incidents could not be remembered', error);
      await tellDirectly({ ...context, memoryAway: messageOf(error) });
    }
  };

  let asked: { readonly databaseMs: number; readonly monotonicMs: number } | null = null;
  /** The database's time as this poll read it, else carried on from the last that did. */
  const nowOf = ({ observedAt }: Assessment, isFresh: boolean): number => {
    const monotonicMs = parts.clock.monotonicMs();
    if (isFresh && observedAt !== null) asked = { databaseMs: observedAt.getTime(), monotonicMs };
    return asked === null
      ? parts.clock.now()
      : asked.databaseMs + Math.round(monotonicMs - asked.monotonicMs);
  };

  const contextOf = (
    assessment: Assessment,
    memories: Memories,
    pollFailure: string | null,
  ): CauseContext => {
    const journalProblem = parts.journalProblem();
    return {
      assessment,
      memories,
      nowMs: nowOf(assessment, pollFailure === null),
      config: config.incidents,
      journalProblem: journalProblem ?? null,
      journalTried: journalProblem !== undefined,
      pollFailure,
      memoryAway: null,
    };
  };

  const safely = async (context: CauseContext): Promise<void> => {
    try {
      await tell(context);
    } catch (error) {
      onTrouble('people could not be told of incidents', error);
    }
  };

  return {
    tell(assessment, memories) {
      const { databaseFailure } = assessment;
      const pollFailure = databaseFailure === null ? null : `${databaseFailure.message}.`;
      return safely(contextOf(assessment, memories, pollFailure));
    },
    tellFault: (known) =>
      safely(
        contextOf(
          known,
          nothingRemembered,
          'The last poll ended by a fault of the exporter: see its log.',
        ),
      ),
  };
}

function stateOf({ provider, cause, of }: PossibleIncident, open: boolean): IncidentState {
  return { provider, cause, severity: of.severity, open };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
