import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { columns, pad, printable, shorten } from '../../src/commands/printable.js';

describe('printable text', () => {
  it.each([
    ['ada@example.com', 'ada@example.com'],
    ['Zażółć 面接 🔑', 'Zażółć 面接 🔑'],
    ['\u{1b}[31mred', '\\u{1b}[31mred'],
    ['\u{9b}2J', '\\u{9b}2J'],
    ['a\nb\r\tc\u{0}', 'a\\u{a}b\\u{d}\\u{9}c\\u{0}'],
    ['\u{202e}drawkcab', '\\u{202e}drawkcab'],
    ['\u{2066}isolated\u{2069}', '\\u{2066}isolated\\u{2069}'],
    ['\u{200b}\u{feff}', '\\u{200b}\\u{feff}'],
    ['\u{2028}\u{2029}', '\\u{2028}\\u{2029}'],
    ['', ''],
  ])('of %j is %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });
});

describe('the width of text', () => {
  it.each(['', 'plain', ' ~', 'é', '面接', '👩‍👩‍👧‍👦', 'e\u{301}'])(
    'of %j is what a terminal takes',
    (text) => {
      expect(columns(text)).toBe(stringWidth(text));
    },
  );
});

describe('shortened text', () => {
  it.each([
    ['12345', 5, '12345'],
    ['123456', 5, '1234…'],
    ['面接官面接', 10, '面接官面接'],
    ['面接官面接官', 10, '面接官面…'],
    ['👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 5, '👩‍👩‍👧‍👦…'],
    ['', 5, ''],
  ])('of %j at %i columns is %j', (text, width, short) => {
    expect(shorten(text, width)).toBe(short);
  });

  it.each([
    ['accents on one letter', `a${'\u{301}'.repeat(100_000)}`],
    ['accents on many letters', 'a\u{301}\u{302}\u{303}\u{304}'.repeat(20_000)],
    ['plain letters', 'x'.repeat(100_000)],
    ['nothing but accents', '\u{301}'.repeat(100_000)],
  ])('is short, and so is the time it takes: %s', (_, text) => {
    const startedAt = performance.now();
    const short = shorten(text, 48);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(short.length).toBeLessThanOrEqual(4 * 48 + 1);
    expect(short.endsWith('…')).toBe(true);
  });
});

describe('padded text', () => {
  it('takes all its columns', () => {
    expect(pad('面接', 6)).toBe('面接  ');
    expect(pad('toolong', 3)).toBe('toolong');
  });
});
