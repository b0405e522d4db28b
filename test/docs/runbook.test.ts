import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadHealthyWorld } from '../commands/verify-world.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import {
  codeBlocks,
  codeSpans,
  headingAnchors,
  readDocument,
  section,
  tables,
} from './markdown.js';

const { text } = readDocument('docs/runbook.md');

/** What the program offers: the README's table, which another test compares with `--help`. */
const [[, ...rows] = []] = tables(section(readDocument('README.md').text, '## Command line'));
const optionsOf = new Map(
  rows.map(([command = '', options = '']) => [
    command.replaceAll('`', ''),
    [...options.matchAll(/`(--[a-z-]+)/g)].map(([, option = '']) => option),
  ]),
);

/** The lines of shell blocks and the code in prose that run our program, without its name. */
function commandsShown(document: string): string[] {
  const inProse = codeSpans(document);
  const inBlocks = codeBlocks(document.replaceAll(/^ +/gm, ''), 'sh').flatMap((block) =>
    block.split('\n'),
  );
  return [...inBlocks, ...inProse].flatMap((line) => {
    const [program, ...words] = line.replace(/ +#.*| > .*/, '').split(' ');
    if (program === 'oauth-token-exporter') return [words.join(' ')];
    // In prose the name is left out: `reconnect --notify`.
    const isOurs = program !== undefined && optionsOf.has(program) && inProse.includes(line);
    return isOurs && words.some((word) => word.startsWith('--')) ? [line] : [];
  });
}

/** What of a command line the program does not have. */
function notThere(line: string): string[] {
  const words = line.replaceAll(/'[^']*'/g, "''").split(' ');
  const command = [words.slice(0, 2).join(' '), words[0] ?? ''].find((name) => optionsOf.has(name));
  if (command === undefined) return [line];
  const options = words.filter((word) => word.startsWith('--'));
  return options.filter((option) => optionsOf.get(command)?.includes(option) !== true);
}

describe('the runbook', () => {
  it('shows only commands and options that there are', () => {
    const shown = commandsShown(text);
    expect(shown.length).toBeGreaterThan(40);
    expect(shown.flatMap(notThere)).toEqual([]);
  });

  it('is caught showing others', () => {
    const invented = `\`oauth-token-exporter mend\`, \`verify --all\`, \`verify --json\`, \`watch start --for 48h\`
   \`\`\`sh
   oauth-token-exporter journal abandon <id> --now   # a comment with --words
   \`\`\`
`;
    expect(commandsShown(invented).flatMap(notThere)).toEqual(['--now', 'mend', '--all']);
  });

  it('has each heading once, so that a link leads to the only one', () => {
    expect(headingAnchors(text).filter((anchor) => /-\d$/.test(anchor))).toEqual([]);
  });

  describe('as SQL', () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await createDatabase(testServer17);
      await loadHealthyWorld(database);
    });
    afterAll(() => database.drop());

    const statements = codeBlocks(text.replaceAll(/^ +(?=```|[A-Z])/gm, ''), 'sql');

    it.each(statements)('reads the reference schema: %s', async (sql) => {
      expect(sql).toMatch(/^SELECT /);
      await expect(database.query(sql)).resolves.toBeInstanceOf(Array);
    });
  });
});
