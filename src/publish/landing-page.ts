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
  const observedAt = assessment.observedAt?.toISOString() ?? 'never';
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
    readiness.ready ? 'Polling.' : `Not ready: ${escapeHtml(readiness.reason)}.`
  } Last seen at ${escapeHtml(observedAt)}, by the clock of the database.</p>
<nav><a href="/metrics">Metrics</a><a href="/-/healthy">Health</a><a href="/-/ready">Readiness</a></nav>
<h2>Tokens</h2>
${tokenTable(assessment)}
<h2>Sources</h2>
${sourceTable([...assessment.sources.values()])}
</main>
</body>
</html>
`;
}

function tokenTable({ providers }: Assessment): string {
  const rows = [...providers].flatMap(([name, { tokens }]) => {
    if (tokens === null) {
      return [`<tr><th scope="row">${escapeHtml(name)}</th><td colspan="5">unknown</td></tr>`];
    }
    return [true, false].map((active) => {
      const counts = active ? tokens.active : tokens.inactive;
      const cells = tokenStatuses.map(
        (status) => `<td class="number ${status}">${String(counts[status])}</td>`,
      );
      const label = active ? 'active' : 'inactive';
      return `<tr><th scope="row">${escapeHtml(name)}</th><td>${label}</td>${cells.join('')}</tr>`;
    });
  });
  const words = tokenStatuses.map((status) => `<th scope="col">${tokenStatusWords[status]}</th>`);
  return table(`<th scope="col">Provider</th><th scope="col"></th>${words.join('')}`, rows);
}

function sourceTable(sources: readonly SourceAssessment[]): string {
  const rows = sources.map(
    ({ name, state, up, reason, remedy, notes }) =>
      `<tr><th scope="row">${escapeHtml(name)}</th>` +
      `<td class="${up === false ? 'bad' : ''}">${state}</td>` +
      `<td>${escapeHtml([reason, remedy, ...notes].filter((text) => text !== null).join('. '))}</td></tr>`,
  );
  return table('<th scope="col">Source</th><th scope="col">State</th><th scope="col"></th>', rows);
}

function table(head: string, rows: readonly string[]): string {
  if (rows.length === 0) return '<p>Nothing yet: the first poll has not ended.</p>';
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}

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
nav a { margin-right: 1.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line);
         vertical-align: top; overflow-wrap: anywhere; }
thead th { white-space: nowrap; font-size: .8rem; }
.number { font-variant-numeric: tabular-nums; }
.good { color: var(--good); } .bad { color: var(--bad); }
`;
