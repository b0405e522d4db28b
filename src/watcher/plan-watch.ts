import type { Config } from '../config/config.js';
import { isDuration, toMs } from '../config/duration.js';
import { formatDistance } from '../config/format-distance.js';
import { suggestion } from '../config/problem.js';
import { refreshedProviders } from '../refresh/start-refreshing.js';
import type { NewWatch } from '../store/watches.js';
import { longestPollIntervalMs } from '../watch/stability-watch.js';

/** A watch as a person asks for it, on the command line or over HTTP. */
export interface WatchRequest {
  /** As the configuration writes a duration: `48h`. */
  readonly for: string;
  readonly note: string;
  /** Empty: all that are configured. */
  readonly providers: readonly string[];
  readonly prove: number;
  readonly acceptKnown: boolean;
  readonly startedBy: string;
}

/** What is wrong with a request. `about` names the part that `text` goes on about; null: none. */
export interface RequestProblem {
  readonly about: 'for' | 'prove' | null;
  readonly text: string;
}

export type PlannedWatch =
  | { readonly ok: true; readonly at: (startedAtMs: number) => NewWatch }
  | { readonly ok: false; readonly problem: RequestProblem };

const shortestMs = 1_000;

/** Says what a request would have watched once it starts, or why this exporter can't do that. */
export function planWatch(config: Config, request: WatchRequest): PlannedWatch {
  const { for: length, providers: wanted, ...rest } = request;
  const forMs = isDuration(length) ? toMs(length) : 0;
  const all = config.providers.map(({ name }) => name);
  const providers = [...new Set(wanted.length === 0 ? all : wanted)].sort();
  const problem =
    forMs < shortestMs
      ? {
          about: 'for' as const,
          text: 'is how long to watch: a whole number and its unit, such as 48h; at least 1s',
        }
      : whyNot(config, all, providers, request.prove);
  if (problem !== null) return { ok: false, problem };
  const { pollIntervalMs } = config;
  return {
    ok: true,
    at: (startedAtMs) => ({
      ...rest,
      providers,
      pollIntervalMs,
      startedAtMs,
      deadlineAtMs: startedAtMs + forMs,
    }),
  };
}

function whyNot(
  config: Config,
  all: readonly string[],
  providers: readonly string[],
  prove: number,
): RequestProblem | null {
  const unknown = providers.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    const text = `no provider "${unknown}" is configured: ${suggestion(unknown, all)}`;
    return { about: null, text };
  }
  if (config.pollIntervalMs > longestPollIntervalMs) {
    const text = `POLL_INTERVAL is ${formatDistance(config.pollIntervalMs)}: a watch may be blind for 5 min at most, so polls must come at least every ${formatDistance(longestPollIntervalMs)}`;
    return { about: null, text };
  }
  const refreshed = refreshedProviders(config).map(({ name }) => name);
  const unproven = providers.filter((name) => !refreshed.includes(name));
  if (prove === 0 || unproven.length === 0) return null;
  const text = `refreshes tokens, and nothing here refreshes those of ${unproven.join(', ')}: leave it out, or name other providers`;
  return { about: 'prove', text };
}
