import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  headingAnchors,
  linkTargets,
  readDocument,
  readDocuments,
  root,
  type Document,
} from './markdown.js';

/** The relative links of a document that lead nowhere. */
function brokenLinks({ path, text }: Document): string[] {
  return linkTargets(text).filter((target) => {
    if (/^[a-z][a-z+.-]*:/.test(target)) return false;
    const [file = '', anchor] = target.split('#', 2);
    if (file === '') return !headingAnchors(text).includes(anchor ?? '');
    const linked = posix.join(posix.dirname(path), file);
    if (linked.startsWith('..') || !existsSync(`${root}${linked}`)) return true;
    if (anchor === undefined) return false;
    return !headingAnchors(readDocument(linked).text).includes(anchor);
  });
}

describe('links in the documents', () => {
  it.each(readDocuments())('of $path lead to files and headings that exist', (document) => {
    expect(brokenLinks(document)).toEqual([]);
  });

  it('are found broken when they are', () => {
    const text = `# One \`two\`, three

## Again

## Again

Good: [a](../README.md), [b](#one-two-three), [\`c\`](#again-1), [d](metrics.md#syncs), [e](../alerts),
[f](https://example.org/nowhere), \`[g](nowhere.md)\`.
Bad: [h](nowhere.md), [i](#two), [j](#again-2), [k](metrics.md#nowhere), ![l](../nowhere.png),
[m](../../outside.md).

\`\`\`md
[n](nowhere.md)
\`\`\`
`;
    expect(brokenLinks({ path: 'docs/invented.md', text })).toEqual([
      'nowhere.md',
      '#two',
      '#again-2',
      'metrics.md#nowhere',
      '../nowhere.png',
      '../../outside.md',
    ]);
  });
});
