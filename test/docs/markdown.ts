import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folder of the repository, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Document {
  /** From the root of the repository: `docs/metrics.md`. */
  readonly path: string;
  readonly text: string;
}

/** Reads one document of the repository. */
export function readDocument(path: string): Document {
  return { path, text: readFileSync(`${root}${path}`, 'utf8') };
}

/** Every document that people read: those in the root and all in docs/. */
export function readDocuments(): Document[] {
  const inRoot = readdirSync(root);
  const inDocs = readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' });
  return [...inRoot, ...inDocs.map((path) => `docs/${path.replaceAll('\\', '/')}`)]
    .filter((path) => path.endsWith('.md'))
    .sort()
    .map(readDocument);
}

/** Targets of the links and pictures in a text, without those in code. */
export function linkTargets(text: string): string[] {
  const prose = withoutFences(text).replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(<?([^)\s>]+)>?[^)]*\)/g)].map(([, target = '']) => target);
}

/** The anchors of a text's headings, as GitHub makes them. */
export function headingAnchors(text: string): string[] {
  const seen = new Map<string, number>();
  return [...withoutFences(text).matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading = '']) => {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}

/** What stands in backticks in the prose of a text. */
export function codeSpans(text: string): string[] {
  return [...withoutFences(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** The fenced blocks of a language: `sql`. */
export function codeBlocks(text: string, language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms');
  return [...text.matchAll(fence)].map(([, code = '']) => code);
}

/** The part of a text under a heading, up to the next one of the same level. */
export function section(text: string, heading: string): string {
  const level = /^#+/.exec(heading)?.[0] ?? '';
  const [, after] = `\n${text}`.split(`\n${heading}\n`);
  if (after === undefined) throw new Error(`there is no heading "${heading}"`);
  return after.split(new RegExp(`^${level} `, 'm'))[0] ?? '';
}

/** The tables of a text: rows of cells, the header first. */
export function tables(text: string): string[][][] {
  const found = withoutFences(text).matchAll(/^\|.*\|\n\|[-:| ]+\|\n(?:\|.*\|(?:\n|$))*/gm);
  return [...found].map(([table]) => {
    const [header = '', , ...rows] = table.trim().split('\n');
    return [header, ...rows].map(cells);
  });
}

function cells(row: string): string[] {
  return row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

function withoutFences(text: string): string {
  return text.replace(/^```.*?^```$/gms, '');
}
