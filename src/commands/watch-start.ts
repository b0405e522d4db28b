import { isDuration, toMs } from '../config/duration.js';
import { suggestion } from '../config/problem.js';
import { refreshedProviders } from '../refresh/start-refreshing.js';
import { formatDistance } from '../config/format-distance.js';
import { hours, instant } from '../watch/finding.js';
import { longestPollIntervalMs } from '../watch/stability-watch.js';
import { startWatch } from '../watcher/start-watch.js';
import type { CommandContext, ReadyToConnect } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { readWatchClock, withWatches } from './watch-database.js';

export interface WatchStartOptions {
  /** As the configuration writes a duration: `48h`. */
  readonly for: string;
  readonly note: string;
  /** Empty: all that are configured. */
  readonly providers: readonly string[];
  readonly prove: number;
  readonly acceptKnown: boolean;
  readonly startedBy: string;
}

const shortestMs = 1_000;

/** `watch start`: writes down what is to be watched and returns; the running exporter watches. */
export async function watchStart(
  context: CommandContext,
  options: WatchStartOptions,
): Promise<ExitCode> {
  const usage = (text: string): ExitCode => {
    context.stderr.write(`${text}\n`);
    return exitCode.usage;
  };
  const forMs = isDuration(options.for) ? toMs(options.for) : 0;
  if (forMs < shortestMs) {
    return usage(
      '--for is how long to watch: a whole number and its unit, such as 48h; at least 1s',
    );
  }
  return withWatches(context, async ({ ready, database, state }) => {
    const wrong = whyNot(ready, options);
    if (wrong !== null) return usage(wrong);
    const all = ready.config.providers.map(({ name }) => name);
    const chosen = options.providers.length === 0 ? all : options.providers;
    const providers = [...new Set(chosen)].sort();
    const startedAtMs = await readWatchClock(database);
    const deadlineAtMs = startedAtMs + forMs;
    const { id, replaced } = await state.run((query) =>
      startWatch(query, {
        providers,
        startedAtMs,
        deadlineAtMs,
        pollIntervalMs: ready.config.pollIntervalMs,
        note: options.note,
        startedBy: options.startedBy,
        prove: options.prove,
        acceptKnown: options.acceptKnown,
      }),
    );
    if (id === null) {
      context.stderr.write(
        'somebody has just started a watch of the same providers: watch status\n',
      );
      return exitCode.no;
    }
    if (replaced !== null) {
      context.stdout.write(
        `watch ${String(replaced)} of the same providers ends: the clock restarts\n`,
      );
    }
    context.stdout.write(
      `watch ${String(id)} of ${providers.join(', ')} runs for ${hours(forMs)}, until ${instant(deadlineAtMs)}\n` +
        `The running exporter takes the baseline with its next poll. What is wrong then ${options.acceptKnown ? 'is accepted, and listed in the verdict' : 'ends the watch, unless you start it with --accept-known'}.\n` +
        'How it goes: watch status\n',
    );
    return exitCode.fine;
  });
}

function whyNot(
  { config }: ReadyToConnect,
  { providers, prove }: WatchStartOptions,
): string | null {
  const names = config.providers.map(({ name }) => name);
  for (const name of providers) {
    if (!names.includes(name)) {
      return `no provider "${name}" is configured: ${suggestion(name, names)}`;
    }
  }
  if (config.pollIntervalMs > longestPollIntervalMs) {
    return `POLL_INTERVAL is ${formatDistance(config.pollIntervalMs)}: a watch may be blind for 5 min at most, so polls must come at least every ${formatDistance(longestPollIntervalMs)}`;
  }
  const on = refreshedProviders(config).map(({ name }) => name);
  const unproven = (providers.length === 0 ? names : providers).filter(
    (name) => !on.includes(name),
  );
  if (prove > 0 && unproven.length > 0) {
    return `--prove refreshes tokens, and nothing here refreshes those of ${unproven.join(', ')}: leave it out, or name other providers with --provider`;
  }
  return null;
}
