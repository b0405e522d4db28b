import { formatDistance } from '../config/format-distance.js';
import { hours, plain } from './finding.js';
import { periodOf } from './report.js';
import type { WatchReport } from './report.js';
import { reportSections } from './report-sections.js';
import type { ReportSection } from './report-sections.js';
import { durationMs } from './stability-watch.js';
import { sparklines } from './timeline.js';

/** `Stability watch 7 of fathom: STABLE` */
export function reportTitle({ watch, verdict }: WatchReport): string {
  return `Stability watch ${watch.id} of ${watch.providers.join(', ')}: ${verdict}`;
}

/** A report for a terminal. */
export function reportText(report: WatchReport): string {
  const { watch, slices } = report;
  const names = sparklines(slices).map(([name, line]) => `  ${name.padEnd(10)}${line}`);
  const slice = slices[0];
  const scale =
    slice === undefined ? '' : `, one character is ${formatDistance(slice.toMs - slice.fromMs)}`;
  return [
    reportTitle(report),
    plain(watch.note),
    `${periodOf(watch)}, ${hours(durationMs(watch))}`,
    '',
    `Timeline${scale}`,
    ...names,
    '',
    ...reportSections(report).flatMap((section) => [...sectionText(section), '']),
  ].join('\n');
}

/** A section for a terminal. */
export function sectionText(section: ReportSection): string[] {
  if (section.kind === 'list')
    return [section.title, ...section.items.map((item) => `  - ${item}`)];
  const { header, rows } = section;
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd();
  return [section.title, line(header), ...rows.map(line)];
}

/** A report for a ticket or a wiki. */
export function reportMarkdown(report: WatchReport): string {
  const { watch, slices } = report;
  const drawn = sparklines(slices).map(([name, line]) => `${name.padEnd(10)}${line}`);
  return [
    `# ${markdown(reportTitle(report))}`,
    '',
    markdown(plain(watch.note)),
    '',
    `${periodOf(watch)}, ${hours(durationMs(watch))}`,
    '',
    '```text',
    ...drawn,
    '```',
    '',
    ...reportSections(report).flatMap((section) => [...sectionMarkdown(section), '']),
  ].join('\n');
}

/** A section in Markdown. */
export function sectionMarkdown(section: ReportSection): string[] {
  const title = [`## ${section.title}`, ''];
  if (section.kind === 'list')
    return [...title, ...section.items.map((item) => `- ${markdown(item)}`)];
  const row = (cells: readonly string[]) => `| ${cells.map(markdown).join(' | ')} |`;
  const { header, rows } = section;
  return [...title, row(header), row(header.map(() => '---')), ...rows.map(row)];
}

/** Text from data may not become markup: `|` and `<` least of all. */
function markdown(text: string): string {
  if (text === '---') return text;
  return text.replaceAll(/[\\`*_[\]<>|#]/g, String.raw`\$&`);
}
