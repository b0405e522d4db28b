import { formatDistance } from '../config/format-distance.js';
import { group, plural } from './failure-bound.js';
import { instant, plain } from './finding.js';
import type { ReasonCode } from './judge.js';
import { coverageSentence } from './report.js';
import type { WatchReport } from './report.js';

/** One part of a report, for every format alike. */
export type ReportSection =
  | { readonly kind: 'list'; readonly title: string; readonly items: readonly string[] }
  | {
      readonly kind: 'table';
      readonly title: string;
      readonly header: readonly string[];
      readonly rows: readonly (readonly string[])[];
    };

const supporting: readonly ReasonCode[] = ['observed', 'refreshes', 'job_runs', 'lifecycle'];
const limiting: readonly ReasonCode[] = ['out_of_scope', 'caveat'];

/** The parts of a report, the verdict's reasons first. Empty ones are left out. */
export function reportSections(report: WatchReport): ReportSection[] {
  const texts = (wanted: (code: ReasonCode) => boolean) =>
    report.reasons.filter(({ code }) => wanted(code)).map(({ text }) => text);
  const decisive = texts((code) => ![...supporting, ...limiting, 'accepted'].includes(code));
  const lists: ReportSection[] = [
    { kind: 'list', title: whyTitle(report), items: [...decisive, ...waiting(report)] },
    { kind: 'list', title: 'What it rests on', items: texts((code) => supporting.includes(code)) },
    {
      kind: 'list',
      title: 'Accepted at the start',
      items: texts((code) => code === 'accepted'),
    },
    {
      kind: 'list',
      title: 'What was not observable',
      items: texts((code) => limiting.includes(code)),
    },
    { kind: 'list', title: 'Gaps', items: gaps(report) },
    { kind: 'list', title: 'At the start', items: start(report) },
    { kind: 'list', title: 'Provenance', items: provenance(report) },
  ];
  const [why, restsOn, ...others] = lists;
  const all = [why, restsOn, checkTable(report), jobTable(report), ...others];
  return all.flatMap((section) => (section === undefined || isEmpty(section) ? [] : [section]));
}

function isEmpty(section: ReportSection): boolean {
  return (section.kind === 'list' ? section.items : section.rows).length === 0;
}

function whyTitle({ verdict }: WatchReport): string {
  switch (verdict) {
    case 'RUNNING':
      return 'So far';
    case 'STABLE':
      return 'Notes';
    case 'UNSTABLE':
      return 'Why it is not stable';
    case 'INCONCLUSIVE':
      return 'Why nothing can be concluded';
  }
}

function waiting({ waitingBecause, baseline }: WatchReport): string[] {
  return baseline === null && waitingBecause !== null ? [`no baseline yet: ${waitingBecause}`] : [];
}

function checkTable({ checks }: WatchReport): ReportSection {
  return {
    kind: 'table',
    title: 'Checks',
    header: ['what must hold', 'provider', 'result', 'polls'],
    rows: checks.map(({ promise, provider, result, seen }) => [
      promise,
      provider ?? 'all',
      result,
      String(seen),
    ]),
  };
}

/** More would not fit onto a page; the JSON report has them all. */
const mostJobs = 20;

function jobTable({ progress }: WatchReport): ReportSection {
  const jobs = Object.entries(progress?.jobRuns ?? {}).sort(
    ([, a], [, b]) => b.failed - a.failed || b.expected - a.expected,
  );
  return {
    kind: 'table',
    title: 'Scheduled jobs',
    header: ['job', 'runs expected', 'succeeded', 'failed'],
    rows: jobs
      .slice(0, mostJobs)
      .map(([name, { expected, succeeded, failed }]) => [
        plain(name),
        group(expected),
        group(succeeded),
        group(failed),
      ]),
  };
}

function gaps({ gaps: known, gapCount }: WatchReport): string[] {
  const lines = known.map(
    ({ fromMs, toMs }) =>
      `${instant(fromMs)} to ${instant(toMs)}: ${formatDistance(toMs - fromMs)}`,
  );
  return gapCount > known.length ? [...lines, `and ${gapCount - known.length} more`] : lines;
}

function start({ baseline }: WatchReport): string[] {
  if (baseline === null) return [];
  return Object.entries(baseline.providers).map(([provider, known]) => {
    const grants = Object.entries(known.grants).flatMap(([state, count]) =>
      count > 0 ? [`${count} ${state.replace('_', ' ')}`] : [],
    );
    const lives =
      known.medianLifetimeMs === null ? '' : `, living ${formatDistance(known.medianLifetimeMs)}`;
    const syncs =
      known.overdueSyncs === null ? '' : `; ${plural(known.overdueSyncs, 'sync', 'syncs')} overdue`;
    return `${provider}: ${plural(known.active.length, 'active token', 'active tokens')} watched${lives}, ${known.inactive} inactive; grants: ${grants.join(', ') || 'none'}${syncs}`;
  });
}

function provenance(report: WatchReport): string[] {
  const { watch, baseline, progress, seal } = report;
  const changes = progress?.configurationChangedAtMs ?? [];
  return [
    `${coverageSentence(report)}, one every ${formatDistance(watch.pollIntervalMs)}`,
    `started by ${watch.startedBy}${watch.prove > 0 ? `; refreshes ${plural(watch.prove, 'token', 'tokens')} of each provider on purpose` : ''}`,
    ...(baseline === null ? [] : [`configuration ${baseline.configuration}`]),
    ...changes.map((atMs) => `the configuration changed at ${instant(atMs)}`),
    ...(seal.kind === 'open' ? ['not sealed yet: the watch has not ended'] : []),
    ...(seal.kind === 'intact' ? [`SHA-256 of samples and verdict: ${seal.hash}`] : []),
    ...(seal.kind === 'broken'
      ? [`CHANGED AFTERWARDS: samples and verdict no longer have the SHA-256 ${seal.hash}`]
      : []),
  ];
}
