import { describe, expect, it } from 'vitest';
import { causes } from '../../src/notify/causes/causes.js';
import { stateWords } from '../../src/notify/notice-words.js';
import { readDocument, section, tables } from './markdown.js';

const { text } = readDocument('docs/incidents.md');

describe('docs/incidents.md', () => {
  it('lists every cause, with its severity and when it opens', () => {
    const [, ...rows] = tables(section(text, '## Causes'))[0] ?? [];
    expect(rows.map((row) => row.slice(0, 3))).toEqual(
      causes.map(({ name, severity, opensAtOnce }) => [
        `\`${name}\``,
        severity,
        opensAtOnce ? 'at once' : 'after 2 polls',
      ]),
    );
  });

  it('explains every word that a message begins with', () => {
    const [, ...rows] = tables(section(text, '## What is told, and when'))[0] ?? [];
    expect(rows.map(([word]) => word)).toEqual(Object.values(stateWords));
  });
});
