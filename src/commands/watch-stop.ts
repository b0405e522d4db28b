import { readWatches } from '../store/watches.js';
import { stopWatch } from '../watcher/start-watch.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { anyClock, enqueueFor, withWatches } from './watch-database.js';

export interface WatchStopOptions {
  /** null: the one that is active. */
  readonly id: number | null;
  readonly reason: string;
  readonly by: string;
}

/** `watch stop`: ends a watch before its time. Without a violation it is then INCONCLUSIVE. */
export async function watchStop(
  context: CommandContext,
  { id, reason, by }: WatchStopOptions,
): Promise<ExitCode> {
  const no = (text: string): ExitCode => {
    context.stderr.write(`${text}\n`);
    return exitCode.no;
  };
  return withWatches(context, async (databases) => {
    const { state } = databases;
    const rows = await state.run((query) => readWatches(query, { limit: 100 }));
    const active = rows.filter(({ endedAtMs }) => endedAtMs === null);
    const wanted = id === null ? active : active.filter((row) => row.id === id);
    const [only] = wanted;
    if (only === undefined) {
      return no(
        id === null ? 'no watch is active' : `watch ${String(id)} is not active: watch list`,
      );
    }
    if (wanted.length > 1) {
      return no(`several watches are active, say which: ${wanted.map((row) => row.id).join(', ')}`);
    }
    const atMs = await anyClock(databases);
    const ended = await state.run((query) =>
      stopWatch(query, only.id, { atMs, by, reason }, enqueueFor(databases.ready)),
    );
    if (ended === null) return no(`watch ${String(only.id)} has just ended: watch report`);
    context.stdout.write(
      `watch ${String(only.id)} is stopped: ${ended.end.judgement.verdict}; all of it: watch report ${String(only.id)}\n`,
    );
    return exitCode.fine;
  });
}
