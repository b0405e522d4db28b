import { describe, expect, it } from 'vitest';
import { plural, pluralOf } from '../../src/config/plural.js';

describe('a count in words', () => {
  it.each([
    [0, '0 refreshes'],
    [1, '1 refresh'],
    [2, '2 refreshes'],
  ])('%d: %s', (count, text) => {
    expect(plural(count, 'refresh', 'refreshes')).toBe(text);
  });

  it('of a total goes by the total', () => {
    expect(pluralOf(1, 1, 'token')).toBe('1 of 1 token');
    expect(pluralOf(1, 60, 'token')).toBe('1 of 60 tokens');
    expect(pluralOf(1, null, 'token')).toBe('1 token');
    expect(pluralOf(3, null, 'token')).toBe('3 tokens');
  });
});
