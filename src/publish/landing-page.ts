import type { Assessment } from '../assess/assess.js';
import type { SourceAssessment } from '../assess/sources.js';
import { tokenStatusWords, tokenStatuses } from '../assess/token-status.js';
import type { Readiness } from './readiness.js';

export interface LandingPageFacts {
  readonly version: string;
  readonly demo: boolean;
  readonly assessment: Assessment;
  readonly readiness: Readiness;
}

/** The page at `/`: where the metrics are, what was counted, and what can't be seen and why. */
export function formatLandingPage({
  version,
  demo,
  assessment,
  readiness,
}: LandingPageFacts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>oauth-token-exporter</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>oauth-token-exporter <small>${escapeHtml(version)}${demo ? ' · demo, invented data' : ''}</small></h1>
<p class="${readiness.ready ? 'good' : 'bad'}">${
    readiness.ready ? 'Ready.' : `Not ready: ${escapeHtml(readiness.reason)}`
  }</p>
<p>${formatObservedAt(assessment.observedAt)}</p>
<nav><a href="/metrics">Metrics</a><a href="/-/healthy">Health</a><a href="/-/ready">Readiness</a></nav>
<h2>Tokens</h2>
${tokenTable(assessment)}
<h2>Sources</h2>
${sourceList([...assessment.sources.values()])}
</main>
</body>
</html>
`;
}

function formatObservedAt(observedAt: Date | null): string {
  if (observedAt === null) return 'The database has not been reached yet.';
  const instant = observedAt.toISOString();
  const shown = instant.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
  return `As of <time datetime="${instant}">${shown}</time>, by the clock of the database.`;
}

function tokenTable({ providers }: Assessment): string {
  const rows = [...providers].flatMap(([name, { tokens }]) => {
    if (tokens === null) {
      return [`<tr><th scope="row">${escapeHtml(name)}</th><td colspan="4">unknown</td></tr>`];
    }
    return [true, false].map((active) => {
      const counts = active ? tokens.active : tokens.inactive;
      const cells = tokenStatuses.map(
        (status) =>
          `<td class="number${status === 'expired' && counts[status] > 0 ? ' bad' : ''}">${String(counts[status])}</td>`,
      );
      const label = active ? 'active' : 'inactive';
      return `<tr><th scope="row">${escapeHtml(name)} <small>${label}</small></th>${cells.join('')}</tr>`;
    });
  });
  const words = tokenStatuses.map(
    (status) => `<th scope="col" class="number">${tokenStatusWords[status]}</th>`,
  );
  const head = `<th scope="col">Provider</th>${words.join('')}`;
  return rows.length === 0
    ? nothingKnownYet
    : `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}

function sourceList(sources: readonly SourceAssessment[]): string {
  const items = sources.map(({ name, state, up, reason, remedy, notes }) => {
    // What is absent need not be there, so nothing is to be done.
    const words = [reason, state === 'absent' ? null : remedy, ...notes];
    const paragraphs = words.map((text) => (text === null ? '' : `<p>${escapeHtml(text)}</p>`));
    return `<li><strong>${escapeHtml(name)}</strong> <span class="${up === false ? 'bad' : ''}">${state}</span>${paragraphs.join('')}</li>`;
  });
  return items.length === 0 ? nothingKnownYet : `<ul>${items.join('\n')}</ul>`;
}

const nothingKnownYet = '<p>Nothing is known yet.</p>';

/** Escapes text for HTML, in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const style = `
:root { color-scheme: light dark; --good: #1a7f37; --bad: #b3261e; --line: #8884; }
@media (prefers-color-scheme: dark) { :root { --good: #57c278; --bad: #ff8a80; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; } h1 small { font-weight: normal; opacity: .75; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
p { margin: .5rem 0; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin-top: 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: bottom; padding: .35rem 0;
         border-bottom: 1px solid var(--line); }
thead th { font-size: .7rem; }
tbody th { overflow-wrap: anywhere; min-width: 5rem; }
tbody small { font-weight: normal; opacity: .85; }
th.number, td.number { text-align: right; padding-left: 1rem; font-variant-numeric: tabular-nums; }
ul { list-style: none; padding: 0; }
li { padding: .35rem 0; border-bottom: 1px solid var(--line); }
li strong { margin-right: .75rem; overflow-wrap: anywhere; }
li p { margin: 0; opacity: .85; }
.good { color: var(--good); } .bad { color: var(--bad); }
`;
