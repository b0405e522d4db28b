import { readFileSync } from 'node:fs';
import { anchorOf } from '../../dashboards/src/links.js';

function readDocument(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

/** The fragments of a Markdown file's headings, code blocks left out. */
export function headingAnchors(path: string): string[] {
  const prose = readDocument(path).replaceAll(/^ *```[^]*?^ *```/gm, '');
  return [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => anchorOf(heading!));
}

/** The fragments that a Markdown file links to within itself. */
export function linkedAnchors(path: string): string[] {
  return [...readDocument(path).matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor!);
}

export interface DocumentedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly meaning: string;
}

/** The rows of the metric tables of docs/metrics.md. */
export function documentedMetrics(): DocumentedMetric[] {
  const rows = readDocument('docs/metrics.md').matchAll(
    /^\| `(oauth_\w+)` *\| (\w+) *\| ([^|]*)\| ([^|]*)\|$/gm,
  );
  return [...rows].map(([, name, type, labels, meaning]) => ({
    name: name!,
    type: type!,
    labels: [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label!),
    meaning: meaning!.trim(),
  }));
}
