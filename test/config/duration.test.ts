import { describe, expect, it } from 'vitest';
import { isDuration, toMs, type Duration } from '../../src/config/duration.js';

describe('duration', () => {
  it.each<[Duration, number]>([
    ['1ms', 1],
    ['500ms', 500],
    ['30s', 30_000],
    ['15m', 900_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['999999w', 604_799_395_200_000],
  ])('reads %s as %d milliseconds', (text, expected) => {
    expect(isDuration(text)).toBe(true);
    expect(toMs(text)).toBe(expected);
  });

  it('never takes an instant out of the range of dates', () => {
    const farthest = new Date(Date.UTC(2026, 0, 1) + toMs('999999w'));
    expect(farthest.getTime()).not.toBeNaN();
  });

  it.each([
    ['a bare number, whose unit would be a guess', '30'],
    ['a number that is not text', 30],
    ['nothing', ''],
    ['null', null],
    ['a unit alone', 'm'],
    ['zero', '0s'],
    ['a leading zero', '05m'],
    ['a sign', '-5m'],
    ['a fraction', '1.5h'],
    ['a space', '5 m'],
    ['a space around it', ' 5m'],
    ['a line end', '5m\n'],
    ['two units', '1h30m'],
    ['a long unit', '5min'],
    ['a capital, because M might be a month', '5M'],
    ['years, which have no fixed length', '1y'],
    ['seven digits', '1000000ms'],
  ])('refuses %s', (_, value) => {
    expect(isDuration(value)).toBe(false);
  });
});
