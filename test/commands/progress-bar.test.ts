import { expect, it } from 'vitest';
import { formatProgress } from '../../src/commands/progress-bar.js';

const bar = (filled: number) => `${'█'.repeat(filled)}${'·'.repeat(30 - filled)}`;

it.each([
  [0, 40, 0],
  [1, 40, 0],
  [2, 40, 1],
  [39, 40, 29],
  [40, 40, 30],
  [0, 0, 30],
])('shows %i of %i', (done, total, filled) => {
  expect(formatProgress(done, total)).toBe(`\r[${bar(filled)}] ${done} of ${total} `);
});
