import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeDistance } from '../../src/pages/describe-distance.js';
import { formatCount } from '../../src/pages/parts/shares.js';
import { visibleText } from '../../src/pages/visible-text.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

describe('an instant on a page', () => {
  it.each([
    [0, 'now'],
    [999, 'now'],
    [1_000, 'in 1 s'],
    [-90_000, '1 min ago'],
    [hourMs, 'in 1 h'],
    [-(hourMs + minuteMs), '1 h 1 min ago'],
    [7 * dayMs - 1_000, 'in 6 d 23 h'],
    [7 * dayMs + hourMs, 'in 7 d'],
  ])('is %d ms away: %s', (ms, text) => {
    expect(describeDistance(ms)).toBe(text);
  });
});

describe('a number on a page', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1_000, '1,000'],
    [1_234_567, '1,234,567'],
  ])('%d is %s', (count, text) => {
    expect(formatCount(count)).toBe(text);
  });
});

describe('text from data', () => {
  it('is cut between characters and never holds what can not be seen', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.integer({ min: 1, max: 40 }),
        (text, longest) => {
          const shown = visibleText(text, longest);
          expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
          const whole = Array.from(text).length <= longest;
          expect(shown.endsWith('…') && !text.endsWith('…')).toBe(!whole && !text.endsWith('…'));
        },
      ),
    );
  });

  it('writes out what turns the writing direction', () => {
    expect(visibleText('a\u202eb', 10)).toBe('a\\u{202e}b');
  });
});
