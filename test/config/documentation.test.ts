import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { environmentVariables } from '../../src/config/environment.js';
import type { EnvironmentVariable } from '../../src/config/environment.js';
import { presetNames } from '../../src/config/presets.js';
import { incidentsSchema } from '../../src/config/incidents-schema.js';
import { fileSchema, providerSchema } from '../../src/config/schema.js';
import { loadYaml } from './load-from.js';

const documentation = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

/** The rows of the table under a heading, without the spaces that align its columns. */
function rowsUnder(heading: string): string[] {
  const [, section = ''] = documentation.split(`\n${heading}\n`);
  const [table = ''] = /^\|.*\n\|[-|\s]+\n((?:\|.*\n)+)/m.exec(section)?.slice(1) ?? [];
  return table.trim().replace(/ +/g, ' ').split('\n');
}

function firstCells(heading: string): string[] {
  return rowsUnder(heading).map((row) => /`([^`]+)`/.exec(row)?.[1] ?? row);
}

describe('docs/configuration.md', () => {
  it('lists every environment variable as the code has it', () => {
    const variables: [string, EnvironmentVariable][] = Object.entries(environmentVariables);
    const rows = variables.map(([name, variable]) => {
      const names = variable.file ? `\`${name}\` or \`${name}_FILE\`` : `\`${name}\``;
      const value = variable.default === null ? 'none' : `\`${variable.default}\``;
      return `| ${names} | ${variable.secret ? 'yes' : 'no'} | ${value} | ${variable.description} |`;
    });
    expect(rowsUnder('## Environment')).toEqual(rows);
  });

  it.each([
    ['## The file', Object.keys(fileSchema.shape)],
    ['### incidents', Object.keys(incidentsSchema.shape)],
    ['### A provider', Object.keys(providerSchema.shape)],
    ['### columns', Object.keys(providerSchema.shape.columns.shape)],
    ['## Presets', presetNames()],
  ])('lists every name there is under "%s"', (heading, names) => {
    expect(firstCells(heading).sort()).toEqual([...names].sort());
  });

  const examples = [...documentation.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = '']) => yaml);

  it('has examples', () => {
    expect(examples).not.toEqual([]);
  });

  it.each(examples)('gives only examples that load (%#)', (yaml) => {
    const env = { BILLING_DATABASE_URL: 'postgresql://reader@db.example.org/billing' };
    expect(loadYaml(yaml, env)).toMatchObject({ ok: true });
  });
});
