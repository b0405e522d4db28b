import type { Verdict } from '../watch/judge.js';
import { reportJson } from '../watch/report.js';
import type { WatchReport } from '../watch/report.js';
import { reportHtml } from '../watch/report-html.js';
import { reportMarkdown, reportText } from '../watch/report-text.js';
import { readReport } from '../watcher/read-watches.js';
import type { CommandContext } from './command-context.js';
import { exitCode } from './exit-code.js';
import type { ExitCode } from './exit-code.js';
import type { ReportFormat } from './report-formats.js';
import { anyClock, withWatches } from './watch-database.js';

/** `watch report`: prints what a watch found; the exit code is its verdict. */
export async function watchReport(
  context: CommandContext,
  { id, format }: { readonly id: number | null; readonly format: ReportFormat },
): Promise<ExitCode> {
  return withWatches(context, async (databases) => {
    const report = await readReport(databases.state.run, id, () => anyClock(databases));
    if (report === null) {
      context.stderr.write(
        id === null
          ? 'no watch was ever started: watch start --for 48h --note "what was fixed"\n'
          : `there is no watch ${String(id)}: watch list shows all\n`,
      );
      return exitCode.unknown;
    }
    context.stdout.write(formatReport(report, format));
    if (report.seal.kind === 'broken') {
      context.stderr.write('the samples or the verdict were changed after the watch ended\n');
      return exitCode.unknown;
    }
    return verdictExit(report.verdict);
  });
}

function formatReport(report: WatchReport, format: ReportFormat): string {
  switch (format) {
    case 'text':
      return reportText(report);
    case 'md':
      return reportMarkdown(report);
    case 'html':
      return reportHtml(report);
    case 'json':
      return `${JSON.stringify(reportJson(report), null, 2)}\n`;
  }
}

/** Only STABLE is a yes; what is not decided, or can't be, is no answer. */
export function verdictExit(verdict: Verdict): ExitCode {
  switch (verdict) {
    case 'STABLE':
      return exitCode.fine;
    case 'UNSTABLE':
      return exitCode.no;
    case 'INCONCLUSIVE':
    case 'RUNNING':
      return exitCode.unknown;
  }
}
