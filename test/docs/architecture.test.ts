import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { codeSpans, readDocument, readDocuments, root, section, tables } from './markdown.js';

/** Paths in backticks that begin in one of the repository's folders, up to a `*`. */
function repositoryPaths(text: string): string[] {
  return codeSpans(text)
    .filter((code) => /^(?:\.ci|alerts|bench|dashboards|docs|scripts|src|test)\/[^\s]*$/.test(code))
    .map((path) => path.replace(/[^/]*\*.*$/, ''));
}

describe('paths in the documents', () => {
  it.each(readDocuments())('exist: $path', ({ text }) => {
    expect(repositoryPaths(text).filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
  });

  it('are recognised', () => {
    expect(repositoryPaths('`src/nowhere.ts`, `alerts/*.rules.yml`, `npm test`, src/x.ts')).toEqual(
      ['src/nowhere.ts', 'alerts/'],
    );
  });
});

describe('docs/architecture.md', () => {
  const { text } = readDocument('docs/architecture.md');

  it('has a place for everything in src/', () => {
    const [rooms = []] = tables(section(text, '## The rooms'));
    const named = rooms.slice(1).map(([room = '']) => room.replaceAll('`', ''));
    const there = readdirSync(`${root}src`, { withFileTypes: true }).map((entry) =>
      entry.isDirectory() ? `src/${entry.name}/` : `src/${entry.name}`,
    );
    expect([...named].sort()).toEqual(there.sort());
  });

  it('gives the order of the rooms as the linter has it', () => {
    const config = readFileSync(`${root}eslint.config.js`, 'utf8');
    const [, list = ''] = /^const rooms = \[(.*?)\]/ms.exec(config) ?? [];
    const order = [...list.matchAll(/'(\w+)'/g)].map(([, room]) => `\`${String(room)}\``);
    expect(order).not.toEqual([]);
    const [, said = ''] = /rooms before it: ([^.]*)\./.exec(text.replaceAll(/\s+/g, ' ')) ?? [];
    expect(said.split(', ')).toEqual(order);
  });
});

describe('docs/decisions', () => {
  const files = readdirSync(`${root}docs/decisions`).filter((name) => name !== 'README.md');

  it('are numbered without a gap and all in the index', () => {
    const titles = files.sort().map((file) => {
      const [number, title] = readDocument(`docs/decisions/${file}`)
        .text.split('\n')[0]!
        .slice(2)
        .split('. ');
      return [`[${String(number)}](${file})`, title];
    });
    const [index = []] = tables(readDocument('docs/decisions/README.md').text);
    expect(index.slice(1)).toEqual(titles);
    expect(files.map((file) => Number(file.slice(0, 4)))).toEqual(files.map((_, at) => at + 1));
  });

  it.each(files)('%s tells context, decision and consequences', (file) => {
    const { text } = readDocument(`docs/decisions/${file}`);
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual([
      'Context',
      'Decision',
      'Consequences',
    ]);
    expect(text).toMatch(new RegExp(`^# ${file.slice(0, 4)}\\. .`));
  });
});
