import type { Pool } from 'pg';
import type { Query } from '../database/read-snapshot.js';
import { sqlStateOf } from '../database/sql-state.js';
import { writeTransaction } from '../database/write-transaction.js';
import {
  endIncident,
  endedSince,
  keyOf,
  readOpenIncidents,
  saveIncident,
} from '../store/incidents.js';
import type { Incident } from '../store/incidents.js';
import { readSilences } from '../store/silences.js';
import type { Silence } from '../store/silences.js';
import type { Notice } from './notice.js';

/** What was decided of one incident, and what people are to be told of it. */
export interface DecidedIncident {
  readonly previous: Incident | null;
  readonly next: Incident | null;
  readonly notice: Notice | null;
  readonly atMs: number;
}

/** What is remembered of incidents, shared by all replicas or kept by this process. */
export interface IncidentMemory {
  /** Throws what the database says. */
  readonly read: () => Promise<RememberedIncidents>;
  /**
   * Remembers what was decided and has the notice told, both or neither. False: another replica
   * was faster; then it is that one which tells.
   */
  readonly write: (decided: DecidedIncident) => Promise<boolean>;
  /**
   * Takes over an incident that people were told of without this memory, unless it knows of the
   * same one: still open, or told and ended by a replica that was faster.
   */
  readonly adopt: (incident: Incident) => Promise<void>;
}

export interface RememberedIncidents {
  readonly open: readonly Incident[];
  readonly silences: readonly Pick<Silence, 'provider' | 'cause' | 'endsAt'>[];
}

/** Queues a notice in the transaction that remembers it. */
export type Enqueue = (query: Query, notice: Notice) => Promise<void>;

/** Incidents in our schema: N replicas that decide the same are one that tells. */
export function sharedIncidents(pool: Pool, enqueue: Enqueue): IncidentMemory {
  let known: readonly Incident[] = [];
  return {
    read: () =>
      writeTransaction(pool, async (query) => {
        known = await readOpenIncidents(query, known);
        return { open: known, silences: await readSilences(query) };
      }),
    write: ({ previous, next, notice, atMs }) =>
      writeTransaction(pool, async (query) => {
        const won = await swap(query, previous, next, notice !== null, atMs);
        if (won && notice !== null) await enqueue(query, notice);
        return won;
      }),
    adopt: (incident) => writeTransaction(pool, (query) => adopt(query, incident)),
  };
}

async function adopt(query: Query, incident: Incident): Promise<void> {
  const open = await readOpenIncidents(query, []);
  const same = open.find((each) => keyOf(each) === keyOf(incident));
  if (same !== undefined) {
    // It goes on there. If it is this very one, what was told last is newer here.
    if (same.id !== incident.id) return;
    await saveIncident(query, { ...incident, version: same.version }, true);
    return;
  }
  if (await endedSince(query, incident, incident.firstSeenAtMs)) return;
  await saveIncident(query, { ...incident, version: 0 }, true);
}

async function swap(
  query: Query,
  previous: Incident | null,
  next: Incident | null,
  toldIsNew: boolean,
  atMs: number,
): Promise<boolean> {
  if (next !== null) return saveIncident(query, next, toldIsNew);
  return previous === null ? false : endIncident(query, previous, atMs);
}

/** Incidents of this process alone, where there is no memory. A restart tells them again. */
export function ownIncidents(tell: (notice: Notice) => void): IncidentMemory {
  const open = new Map<string, Incident>();
  return {
    read: () => Promise.resolve({ open: [...open.values()], silences: [] }),
    write({ previous, next, notice }) {
      if (previous !== null) open.delete(keyOf(previous));
      if (next !== null) open.set(keyOf(next), next);
      if (notice !== null) tell(notice);
      return Promise.resolve(true);
    },
    adopt(incident) {
      if (!open.has(keyOf(incident))) open.set(keyOf(incident), incident);
      return Promise.resolve();
    },
  };
}

/**
 * Whether there is no memory to speak of: its tables are missing, this role may not use them, or
 * the server only reads. Anything else that goes wrong is a memory that is away.
 */
export function lacksMemory(error: unknown): boolean {
  return ['42P01', '3F000', '42501', '25006'].includes(sqlStateOf(error) ?? '');
}
