import { DatabaseError } from '../database/explain-database-error.js';
import type { Databases } from '../database/databases.js';
import { enqueueNotice } from '../notify/enqueue-notice.js';
import type { EnqueueWatchNotice } from '../watcher/start-watch.js';
import { readAnyClock, readWatchClock } from '../watcher/watch-clock.js';
import { watchMessage } from '../watcher/watch-message.js';
import { prepareConnection } from './command-context.js';
import type { CommandContext, ReadyToConnect } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { memoryRemedies, missesMemory, withDatabases } from './state-database.js';
import type { StateDatabase } from './state-database.js';

/** What the commands about watches work with. */
export interface WatchDatabases {
  readonly ready: ReadyToConnect;
  readonly databases: Databases;
  readonly state: StateDatabase;
}

/** Runs `work` with every database; one that can't be used is told, with what to do about it. */
export async function withWatches(
  context: CommandContext,
  work: (databases: WatchDatabases) => Promise<ExitCode>,
): Promise<ExitCode> {
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  try {
    return await withDatabases(ready, context.terminated, (databases, state) =>
      work({ ready, databases, state }),
    );
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const missing = missesMemory(error);
    context.stderr.write(`${missing === null ? error.message : memoryRemedies[missing]}\n`);
    return exitCode.unknown;
  }
}

/** The clock of the watches. Throws `DatabaseError`. */
export function watchClock({ databases }: WatchDatabases): Promise<number> {
  return readWatchClock([...databases.all.values()], Date.now);
}

/** The same, or where the tokens' databases are away the clock of the memory. */
export function anyClock({ databases, state }: WatchDatabases): Promise<number> {
  return readAnyClock([...databases.all.values()], state.run, Date.now);
}

/** Tells people of the end of a watch: the running exporter delivers what lies in the outbox. */
export function enqueueFor({ config }: ReadyToConnect): EnqueueWatchNotice {
  return async (query, notice) => {
    await enqueueNotice(query, config.notify, watchMessage(notice));
  };
}
