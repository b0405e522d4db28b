import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { loadWorld } from '../../src/demo/demo-world.js';
import { loadYaml } from '../config/load-from.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import { runCli } from '../support/process.js';
import { codeBlocks, readDocument, root, section, tables } from './markdown.js';

const { text } = readDocument('README.md');

describe('the README', () => {
  it('shows what status prints of the demo, but for the times', async () => {
    const database = await createDatabase(testServer17);
    try {
      await loadWorld(database.url);
      const { stdout } = await runCli(['status'], { DATABASE_URL: database.url });
      const masked = (output: string) =>
        output.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, '<an instant>');
      const [shown = ''] = codeBlocks(text, 'text');
      const parts = masked(shown).replace('$ npx . status\n\n', '').split('…\n');

      expect(parts.length).toBeGreaterThan(1);
      let rest = masked(stdout);
      for (const part of parts) {
        expect(rest).toContain(part);
        rest = rest.slice(rest.indexOf(part) + part.length);
      }
      expect(rest).toBe('');
    } finally {
      await database.drop();
    }
  });

  it('gives only configurations that load', () => {
    const examples = codeBlocks(text, 'yaml');
    expect(examples).not.toEqual([]);
    for (const yaml of examples) expect(loadYaml(yaml)).toMatchObject({ ok: true });
  });

  it('lists the alerts that there are, with their severity', () => {
    const rules = readdirSync(`${root}alerts`)
      .filter((file) => file.endsWith('.rules.yml'))
      .flatMap((file) => rulesOf(readFileSync(`${root}alerts/${file}`, 'utf8')));
    const expected = rules.map(({ alert, labels }) => [
      `\`${alert}\``,
      // A template names the severities that it chooses from.
      labels.severity.match(/critical|warning|none/g)?.join(' or '),
    ]);
    const [, ...rows] = tables(section(text, '## Alerts'))[0] ?? [];
    expect(rows.map(([alert, severity]) => [alert, severity])).toEqual(expected);
  });

  it('begins with what it is, and names the two commands before everything else to run', () => {
    const [first = ''] = codeBlocks(text, 'sh');
    expect(first.split('\n').map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'npm start',
      'npm test',
      '',
    ]);
    expect(text.startsWith('# oauth-token-exporter\n')).toBe(true);
  });
});

interface Rule {
  readonly alert: string;
  readonly labels: { readonly severity: string };
}

function rulesOf(yaml: string): readonly Rule[] {
  const { groups } = parse(yaml) as { groups: { rules: Rule[] }[] };
  return groups.flatMap(({ rules }) => rules.filter((rule) => 'alert' in rule));
}
