import { DatabaseError } from '../database/explain-database-error.js';
import { readSnapshot } from '../database/read-snapshot.js';
import type { Query, SnapshotSource } from '../database/read-snapshot.js';
import { readNow } from '../observe/observe.js';

/** The clock of the watches: that of the tokens' database, as for the polls. Throws `DatabaseError`. */
export async function readWatchClock(
  database: SnapshotSource,
  localClockMs: () => number,
): Promise<number> {
  return readSnapshot(database, ({ query }) => nowOf(query, localClockMs));
}

/** The same, or where the tokens' database is away the clock of the memory: near enough to read by. */
export async function readAnyClock(
  database: SnapshotSource,
  runInMemory: <T>(work: (query: Query) => Promise<T>) => Promise<T>,
  localClockMs: () => number,
): Promise<number> {
  try {
    return await readWatchClock(database, localClockMs);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return runInMemory((query) => nowOf(query, localClockMs));
  }
}

async function nowOf(query: Query, localClockMs: () => number): Promise<number> {
  return (await readNow(query, localClockMs)).now.getTime();
}
