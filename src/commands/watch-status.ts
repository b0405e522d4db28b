import { coverageRatio } from '../watch/coverage.js';
import { formatDistance } from '../config/format-distance.js';
import { hours, instant, plain } from '../watch/finding.js';
import { judge, percent } from '../watch/judge.js';
import type { KeptWatch } from '../watch/parse-watch.js';
import { durationMs } from '../watch/stability-watch.js';
import type { StabilityWatch } from '../watch/stability-watch.js';
import type { WatchBaseline } from '../watch/baseline.js';
import { wrongAtStart } from '../watch/wrong-at-start.js';
import { readKeptWatches, readNewestWatch } from '../watcher/read-watches.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import { printable } from './printable.js';
import { formatTable } from './table.js';
import { anyClock, withWatches } from './watch-database.js';

const mostListed = 100;

/** `watch status`: how the active watches go, or how the newest one ended. */
export async function watchStatus(context: CommandContext): Promise<ExitCode> {
  return withWatches(context, async (databases) => {
    const all = await databases.state.run((query) => readKeptWatches(query, mostListed));
    const active = all.filter(({ end }) => end === null);
    const newest = active.length > 0 ? null : await databases.state.run(readNewestWatch);
    const shown = newest === null ? active : [newest];
    if (shown.length === 0) return none(context);
    const nowMs = await anyClock(databases);
    for (const kept of shown) {
      context.stdout.write(`${describe(kept, nowMs).map(printable).join('\n')}\n`);
    }
    return exitCode.fine;
  });
}

/** `watch list`: every watch, the newest first. */
export async function watchList(context: CommandContext): Promise<ExitCode> {
  return withWatches(context, async (databases) => {
    const all = await databases.state.run((query) => readKeptWatches(query, mostListed));
    if (all.length === 0) return none(context);
    const nowMs = await anyClock(databases);
    const rows = all.map(({ state, end }) => [
      String(state.watch.id),
      state.watch.providers.join(', '),
      instant(state.watch.startedAtMs),
      hours(durationMs(state.watch)),
      end?.judgement.verdict ?? judge(state, nowMs).verdict,
      String(state.progress?.polls.count ?? 0),
      state.watch.note,
    ]);
    const header = ['id', 'providers', 'started', 'for', 'verdict', 'samples', 'note'];
    context.stdout.write(`${formatTable(header, rows)}\n`);
    return exitCode.fine;
  });
}

function none(context: CommandContext): ExitCode {
  context.stdout.write(
    'no watch was ever started: watch start --for 48h --note "what was fixed"\n',
  );
  return exitCode.no;
}

function describe({ state, end, waitingBecause }: KeptWatch, nowMs: number): string[] {
  const { watch, progress, baseline } = state;
  const { verdict, reasons } = end?.judgement ?? judge(state, nowMs);
  const title = `watch ${watch.id} of ${watch.providers.join(', ')}: ${verdict}`;
  const note = plain(watch.note);
  if (end !== null) {
    const lines = reasons.filter(({ code }) => code !== 'accepted').slice(0, 10);
    return [
      `${title}, ended ${instant(end.atMs)}`,
      `  ${note}`,
      ...lines.map(({ text }) => `  ${text}`),
      ...acceptedLines(watch, baseline),
    ];
  }
  const ratio = percent(coverageRatio(watch, progress?.polls.count ?? 0, nowMs));
  const leftMs = watch.deadlineAtMs - nowMs;
  const time =
    leftMs > 0
      ? `${formatDistance(nowMs - watch.startedAtMs)} of ${hours(durationMs(watch))}, ${formatDistance(leftMs)} left`
      : `its time is over; the next poll of a running exporter seals it`;
  return [
    title,
    `  ${note}`,
    `  ${time}; polls seen: ${progress?.polls.count ?? 0} (${ratio})`,
    ...(baseline === null
      ? [`  no baseline yet: ${waitingBecause ?? 'no poll of a running exporter since the start'}`]
      : []),
    ...reasons
      .filter(({ code }) => code !== 'observed' && code !== 'accepted')
      .map(({ text }) => `  ${text}`),
    ...acceptedLines(watch, baseline),
  ];
}

/** What is accepted, each kind with its number: the report names every one. */
function acceptedLines(watch: StabilityWatch, baseline: WatchBaseline | null): string[] {
  if (!watch.acceptKnown || baseline === null) return [];
  return wrongAtStart(baseline).map((text) => `  accepted: ${text}`);
}
