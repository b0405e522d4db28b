import { hours, instant } from '../watch/finding.js';
import { planWatch } from '../watcher/plan-watch.js';
import type { WatchRequest } from '../watcher/plan-watch.js';
import { startWatch } from '../watcher/start-watch.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { enqueueFor, watchClock, withWatches } from './watch-database.js';

/** `watch start`: writes down what is to be watched and returns; the running exporter watches. */
export async function watchStart(
  context: CommandContext,
  options: WatchRequest,
): Promise<ExitCode> {
  return withWatches(context, async (databases) => {
    const { ready, state } = databases;
    const planned = planWatch(ready.config, options);
    if (!planned.ok) {
      const { about, text } = planned.problem;
      context.stderr.write(`${about === null ? '' : `--${about} `}${text}\n`);
      return exitCode.usage;
    }
    const terms = planned.at(await watchClock(databases));
    const { providers, startedAtMs, deadlineAtMs } = terms;
    const { id, replaced } = await state.run((query) =>
      startWatch(query, terms, enqueueFor(ready)),
    );
    if (id === null) {
      context.stderr.write(
        'somebody has just started a watch of the same providers: watch status\n',
      );
      return exitCode.no;
    }
    if (replaced !== null) {
      context.stdout.write(
        `watch ${String(replaced.id)} of the same providers ends: the clock restarts\n`,
      );
    }
    context.stdout.write(
      `watch ${String(id)} of ${providers.join(', ')} runs for ${hours(deadlineAtMs - startedAtMs)}, until ${instant(deadlineAtMs)}\n` +
        `The running exporter takes the baseline with its next poll. What is wrong then ${options.acceptKnown ? 'is accepted, and listed in the verdict' : 'ends the watch, unless you start it with --accept-known'}.\n` +
        'How it goes: watch status\n',
    );
    return exitCode.fine;
  });
}
