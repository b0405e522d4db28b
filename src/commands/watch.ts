import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { CommandContext } from './command-context.js';
import type { ExitCode } from './exit-code.js';
import { osUser } from './os-user.js';
import { reportFormats } from './report-formats.js';
import type { ReportFormat } from './report-formats.js';

interface StartFlags {
  readonly for: string;
  readonly note: string;
  readonly provider: readonly string[];
  readonly prove: number;
  readonly acceptKnown: boolean;
  readonly as: string;
}

/** Adds the verbs of `watch`. */
export function addWatchCommands(
  watch: Command,
  context: CommandContext,
  onDone: (code: ExitCode) => void,
): void {
  const add = (name: string, description: string) =>
    watch.command(name).description(description).allowExcessArguments(false).exitOverride();
  const who = () => new Option('--as <name>', 'who does it, for the report').default(osUser());

  add('start', 'start a stability watch; the running exporter does the watching')
    .requiredOption('--for <duration>', 'how long, such as 48h')
    .requiredOption('--note <text>', 'what was fixed, for the report')
    .option('--provider <name>', 'only this provider; may be repeated', collect, [])
    .option('--prove <n>', 'refresh so many tokens of each provider on purpose', wholeNumber, 0)
    .option('--accept-known', 'list what is wrong at the start instead of failing for it', false)
    .addOption(who())
    .action(async (flags: StartFlags) => {
      const { provider, as, ...rest } = flags;
      const { watchStart } = await import('./watch-start.js');
      onDone(await watchStart(context, { ...rest, providers: provider, startedBy: as }));
    });
  add('status', 'how the active watch goes, or how the newest one ended').action(async () => {
    const { watchStatus } = await import('./watch-status.js');
    onDone(await watchStatus(context));
  });
  add('list', 'list all watches').action(async () => {
    const { watchList } = await import('./watch-status.js');
    onDone(await watchList(context));
  });
  add('stop', 'end a watch before its time')
    .argument('[id]', 'id of the watch; else the active one', wholeNumber)
    .requiredOption('--reason <text>', 'why, for the report')
    .addOption(who())
    .action(async (id: number | undefined, { reason, as }: { reason: string; as: string }) => {
      const { watchStop } = await import('./watch-stop.js');
      onDone(await watchStop(context, { id: id ?? null, reason, by: as }));
    });
  add('report', 'print what a watch found; exit 0 STABLE, 1 UNSTABLE, 3 neither')
    .argument('[id]', 'id of the watch; else the newest', wholeNumber)
    .addOption(formatOption())
    .action(async (id: number | undefined, { format }: { format: ReportFormat }) => {
      const { watchReport } = await import('./watch-report.js');
      onDone(await watchReport(context, { id: id ?? null, format }));
    });
  add('review', 'judge a window in the past by what the database recorded')
    .requiredOption('--since <instant>', 'its begin, such as 2025-11-27T00:00Z', instantOf)
    .requiredOption('--for <duration>', 'how long, such as 48h')
    .option('--provider <name>', 'only this provider; may be repeated', collect, [])
    .addOption(formatOption())
    .action(
      async (flags: {
        readonly since: number;
        readonly for: string;
        readonly provider: readonly string[];
        readonly format: ReportFormat;
      }) => {
        const { since, provider, ...rest } = flags;
        const { watchReview } = await import('./watch-review.js');
        onDone(await watchReview(context, { ...rest, sinceMs: since, providers: provider }));
      },
    );
}

function formatOption(): Option {
  return new Option('--format <format>', 'how to print it').choices(reportFormats).default('text');
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(value);
}

function instantOf(value: string): number {
  const isWhole = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(value);
  const ms = isWhole ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError('Expected an instant with its zone: 2025-11-27T00:00Z.');
  }
  return ms;
}
