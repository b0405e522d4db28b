import { describe, expect, it } from 'vitest';
import { assessStored, storesNothing } from '../../src/assess/stored.js';
import { known, unknown } from '../../src/observe/reading.js';

const now = new Date('2025-11-29T08:00:00Z');
const dayMs = 86_400_000;
const at = (ms: number) => now.getTime() - ms;
const before = { lastStoredAtMs: 1, nothingStoredMs: 2, successes: 3 };

function assessed(lastStoredAtMs: number | null, lastSuccessAtMs: number | null) {
  return assessStored(known({ lastStoredAtMs, lastSuccessAtMs, successes: 1 }), null)
    ?.nothingStoredMs;
}

describe('syncs that succeed and store nothing', () => {
  it.each([
    ['a success after the newest item', at(2 * dayMs), at(dayMs), dayMs],
    ['a success together with it', at(dayMs), at(dayMs), 0],
    ['a success before it', at(dayMs), at(2 * dayMs), 0],
    ['nothing stored in the window', null, at(dayMs), 7 * dayMs],
    ['no success in the window', at(dayMs), null, null],
    ['neither', null, null, null],
  ])('%s', (_, storedMs, successMs, expected) => {
    expect(assessed(storedMs, successMs)).toBe(expected);
  });

  it('stay as they were where nothing could be read', () => {
    expect(assessStored(unknown('denied', 'r', 'GRANT'), before)).toBe(before);
    expect(assessStored(null, null)).toBeNull();
  });

  it.each([
    [dayMs - 1, false],
    [dayMs, true],
    [null, false],
  ])('are worth a word after a day: %s', (nothingStoredMs, expected) => {
    expect(storesNothing({ ...before, nothingStoredMs })).toBe(expected);
  });
});
