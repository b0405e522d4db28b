import { DatabaseError } from '../database/explain-database-error.js';
import { readSnapshot } from '../database/read-snapshot.js';
import type { SnapshotSource } from '../database/read-snapshot.js';
import { readNow } from '../observe/observe.js';
import { readBaseline, readSamples, readWatches } from '../store/watches.js';
import type { WatchRow } from '../store/watches.js';
import { parseWatch } from '../watch/parse-watch.js';
import type { KeptWatch } from '../watch/parse-watch.js';
import { makeReport } from '../watch/report.js';
import type { WatchReport } from '../watch/report.js';
import { hashOf, keptSamples } from '../watcher/end-watch.js';
import { prepareConnection } from './command-context.js';
import type { CommandContext, ReadyToConnect } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { memoryRemedies, missesMemory, withDatabases } from './state-database.js';
import type { StateDatabase } from './state-database.js';

/** What the commands about watches work with. */
export interface WatchDatabases {
  readonly ready: ReadyToConnect;
  readonly database: SnapshotSource;
  readonly state: StateDatabase;
}

/** Runs `work` with both databases; one that can't be used is told, with what to do about it. */
export async function withWatches(
  context: CommandContext,
  work: (databases: WatchDatabases) => Promise<ExitCode>,
): Promise<ExitCode> {
  const ready = prepareConnection(context);
  if (ready === null) return exitCode.usage;
  try {
    return await withDatabases(ready, context.terminated, (database, state) =>
      work({ ready, database, state }),
    );
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const missing = missesMemory(error);
    context.stderr.write(`${missing === null ? error.message : memoryRemedies[missing]}\n`);
    return exitCode.unknown;
  }
}

/** The clock of the watches: that of the tokens' database, as for the polls. Throws `DatabaseError`. */
export async function readWatchClock(database: SnapshotSource): Promise<number> {
  return readSnapshot(database, async ({ query }) =>
    (await readNow(query, Date.now)).now.getTime(),
  );
}

/** The same, or where the tokens' database is away the clock of the memory: near enough to read by. */
export async function readAnyClock({ database, state }: WatchDatabases): Promise<number> {
  try {
    return await readWatchClock(database);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return state.run(async (query) => (await readNow(query, Date.now)).now.getTime());
  }
}

/** Reads one watch whole, by its id or else the newest, and makes its report; null: there is none. */
export async function readReport(
  databases: WatchDatabases,
  id: number | null,
): Promise<WatchReport | null> {
  const found = await databases.state.run(async (query) => {
    const [row] = await readWatches(query, { id, limit: 1 });
    if (row === undefined) return null;
    const kept = parseWatch(row, await readBaseline(query, row.id));
    return { kept, samples: keptSamples(await readSamples(query, row.id)) };
  });
  if (found === null) return null;
  const { kept, samples } = found;
  const nowMs = kept.end?.atMs ?? (await readAnyClock(databases));
  return makeReport(kept, samples, nowMs, sealOf(kept, samples));
}

function sealOf({ state, end }: KeptWatch, samples: ReturnType<typeof keptSamples>) {
  if (end === null) return { kind: 'open' } as const;
  const kind = hashOf(state, end.judgement, samples) === end.hash ? 'intact' : 'broken';
  return { kind, hash: end.hash } as const;
}

/** Watches without their samples, the newest first. */
export async function readKept(
  state: StateDatabase,
  limit: number,
): Promise<readonly { readonly row: WatchRow; readonly kept: KeptWatch }[]> {
  return state.run(async (query) => {
    const rows = await readWatches(query, { limit });
    const all: { row: WatchRow; kept: KeptWatch }[] = [];
    for (const row of rows) {
      const isActive = row.endedAtMs === null;
      const kept = parseWatch(row, isActive ? await readBaseline(query, row.id) : null);
      all.push({ row, kept });
    }
    return all;
  });
}
