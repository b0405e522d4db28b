import { setTimeout as delay } from 'node:timers/promises';
import type { Assessment, PollResult } from '../assess/assess.js';
import type { DatabaseReading } from '../cycle.js';

/** Asks several databases for one poll, and waits for none that is late. */
export interface Gathering {
  /**
   * Asks every database that is not still answering an earlier poll, and tells what has been
   * answered: by those that are usually in time, and by whichever came late since the last poll.
   */
  readonly ask: (previous: Assessment) => Promise<readonly DatabaseReading[]>;
  /** What came late since the last poll; empty: nothing. Asks nobody. */
  readonly takeLate: () => readonly DatabaseReading[];
}

export interface GatheringParts {
  readonly databases: readonly string[];
  /** Ends by itself in bounded time; a database that can't be used is a result. */
  readonly read: (database: string, previous: Assessment) => Promise<PollResult>;
  /** How long the others wait for one that was in time the last time. */
  readonly graceMs: number;
  /** An answer came that no poll waits for. */
  readonly onLate: () => void;
  readonly monotonicMs: () => number;
}

/** A single database is waited for however long it takes: nobody else is kept waiting. */
export function createGathering(parts: GatheringParts): Gathering {
  const { databases, graceMs, monotonicMs } = parts;
  const underWay = new Map<string, Promise<void>>();
  const late = new Set<string>();
  let answered: DatabaseReading[] = [];
  let fault: { readonly error: unknown } | null = null;
  let isAsking = false;

  const take = (): readonly DatabaseReading[] => {
    const taken = answered;
    answered = [];
    if (fault === null) return taken;
    const { error } = fault;
    fault = null;
    throw error;
  };

  const read = async (database: string, previous: Assessment): Promise<void> => {
    const askedAtMs = monotonicMs();
    try {
      const result = await parts.read(database, previous);
      answered.push({ database, result, askedAtMs });
    } catch (error) {
      fault = { error };
    }
    underWay.delete(database);
    if (monotonicMs() - askedAtMs > graceMs) late.add(database);
    else late.delete(database);
    if (!isAsking) parts.onLate();
  };

  return {
    takeLate: take,
    async ask(previous) {
      isAsking = true;
      try {
        const asked = databases.filter((database) => !underWay.has(database));
        for (const database of asked) underWay.set(database, read(database, previous));
        const expected = asked.filter((database) => databases.length === 1 || !late.has(database));
        const answers = Promise.all(expected.flatMap((database) => underWay.get(database) ?? []));
        if (databases.length === 1) await answers;
        else await withinMs(graceMs, answers);
        for (const database of underWay.keys()) late.add(database);
        return take();
      } finally {
        isAsking = false;
      }
    },
  };
}

async function withinMs(ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  const waiting = delay(ms, undefined, { signal: done.signal }).catch(() => undefined);
  try {
    await Promise.race([work, waiting]);
  } finally {
    done.abort();
  }
}
