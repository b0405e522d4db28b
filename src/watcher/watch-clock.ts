import { DatabaseError } from '../database/explain-database-error.js';
import { readSnapshot } from '../database/read-snapshot.js';
import type { Query, SnapshotSource } from '../database/read-snapshot.js';
import { readNow } from '../observe/observe.js';

/**
 * The clock of the watches: that of the tokens' database, as for the polls, and of several the one
 * that answers first. Throws `DatabaseError` when none does.
 */
export async function readWatchClock(
  databases: readonly SnapshotSource[],
  localClockMs: () => number,
): Promise<number> {
  try {
    return await Promise.any(
      databases.map((each) => readSnapshot(each, ({ query }) => nowOf(query, localClockMs))),
    );
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  }
}

/** The same, or where the tokens' databases are away the clock of the memory: near enough to read by. */
export async function readAnyClock(
  databases: readonly SnapshotSource[],
  runInMemory: <T>(work: (query: Query) => Promise<T>) => Promise<T>,
  localClockMs: () => number,
): Promise<number> {
  try {
    return await readWatchClock(databases, localClockMs);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return runInMemory((query) => nowOf(query, localClockMs));
  }
}

async function nowOf(query: Query, localClockMs: () => number): Promise<number> {
  return (await readNow(query, localClockMs)).now.getTime();
}
