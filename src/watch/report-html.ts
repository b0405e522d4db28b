import { escapeHtml } from './escape-html.js';
import { hours, instant, plain } from './finding.js';
import type { Verdict } from './judge.js';
import { periodOf } from './report.js';
import type { WatchReport } from './report.js';
import { reportSections } from './report-sections.js';
import type { ReportSection } from './report-sections.js';
import { reportTitle } from './report-text.js';
import { durationMs } from './stability-watch.js';
import { timelineSvg } from './timeline-svg.js';

/** A report as one page that needs nothing else: no script, no font, no picture from elsewhere. */
export function reportHtml(report: WatchReport): string {
  const { watch, slices, verdict } = report;
  return page(
    reportTitle(report),
    [
      `<header><p class="verdict ${verdict.toLowerCase()}">${verdict}</p>`,
      `<h1>Stability watch ${watch.id} of ${escapeHtml(watch.providers.join(', '))}</h1>`,
      `<p class="note">${escapeHtml(plain(watch.note))}</p>`,
      `<p>${periodOf(watch)}, ${hours(durationMs(watch))}. As of ${instant(report.atMs)}.</p>`,
      `<p>${meaning[verdict]}</p></header>`,
      `<figure>${timelineSvg(watch, slices)}`,
      `<figcaption>${legend}</figcaption></figure>`,
      ...reportSections(report).map(sectionHtml),
    ].join('\n'),
  );
}

const meaning: Readonly<Record<Verdict, string>> = {
  RUNNING: 'The watch goes on. Nothing has been found that decides it.',
  STABLE: 'Nothing went wrong in the whole time, and enough was seen to say so.',
  UNSTABLE: 'Something went wrong. The first that did is below, with its time.',
  INCONCLUSIVE: 'Nothing is known to have gone wrong, but too little was seen to call it stable.',
};

const legend =
  'polls: tall, all seen; half, some missing; a line, none. refreshes: blue succeeded, striped failed. findings: a triangle for each slice of time in which something was wrong.';

/** A section as HTML. */
export function sectionHtml(section: ReportSection): string {
  const title = `<h2>${escapeHtml(section.title)}</h2>`;
  if (section.kind === 'list') {
    const items = section.items.map((item) => `<li>${escapeHtml(item)}</li>`).join('\n');
    return `<section>${title}\n<ul>${items}</ul></section>`;
  }
  const header = section.header.map((cell) => `<th scope="col">${escapeHtml(cell)}</th>`).join('');
  const rows = section.rows
    .map((row) => `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`)
    .join('\n');
  return `<section>${title}\n<table><thead><tr>${header}</tr></thead><tbody>${rows}</tbody></table></section>`;
}

/** A page around finished HTML. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body><main>
${body}
</main></body>
</html>
`;
}

const style = `
:root { --text: #1a1d21; --soft: #555c66; --page: #fff; --line: #c9ced6; --good: #1a7f37; --bad: #b3261e;
  --open: #1f5fa8; --vague: #8a5a00; --bar: #2f6fb7; --strip: #2e7d4f; }
@media (prefers-color-scheme: dark) { :root { --text: #e8eaed; --soft: #adb4be; --page: #14171b;
  --line: #3b424c; --good: #3fb968; --bad: #ff7b72; --open: #79b8ff; --vague: #e0a84a; --bar: #6cabf0; --strip: #4fb477; } }
@media print { :root { --text: #000; --soft: #333; --page: #fff; --line: #999; --good: #1a7f37;
  --bad: #b3261e; --open: #1f5fa8; --vague: #8a5a00; --bar: #2f6fb7; --strip: #2e7d4f; }
  @page { margin: 14mm; } body { font-size: 9pt; line-height: 1.35; } main { padding: 0; max-width: none; }
  figure, tr, li { break-inside: avoid; } h2 { break-after: avoid; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .6rem 0 .2rem; }
h2 { font-size: 1.02rem; margin: 1.5rem 0 .4rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
p { margin: .2rem 0; }
.note { color: var(--soft); }
.verdict { display: inline-block; font-weight: 700; letter-spacing: .04em; padding: .25rem .8rem;
  border: 2px solid currentcolor; border-radius: .35rem; font-size: 1.15rem; }
.stable { color: var(--good); } .unstable { color: var(--bad); }
.running { color: var(--open); } .inconclusive { color: var(--vague); }
figure { margin: 1.25rem 0 0; }
figcaption { color: var(--soft); font-size: .85rem; }
svg { width: 100%; height: auto; display: block; }
.label, .tick { fill: var(--soft); font: 13px system-ui, sans-serif; }
.axis { stroke: var(--line); }
.full { fill: var(--strip); } .blind, .partial { fill: var(--vague); } .none, .finding { fill: var(--bad); }
.future { fill: var(--line); } .refreshed { fill: var(--bar); }
.failed { fill: var(--page); stroke: var(--bad); stroke-dasharray: 2 1; }
ul { margin: 0; padding-left: 1.2rem; }
li { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); }
@media print { th, td { padding-block: .12rem; } h2 { margin-top: .9rem; } figure { margin-top: .6rem; } }
`;
