import { describe, expect, it } from 'vitest';
import { calendarOfDays } from '../../src/assess/expiry-calendar.js';
import type { ExpiryCalendar } from '../../src/assess/expiry-calendar.js';
import { formatCalendars } from '../../src/commands/format-calendar.js';
import { columns } from '../../src/commands/printable.js';

const now = new Date('2025-11-24T12:00:00Z');
const today = Math.floor(now.getTime() / 86_400_000);

const calendarOf = (days: Readonly<Record<number, Partial<Record<string, number>>>>) =>
  ({
    firstDay: today,
    days: Object.entries(days).map(([offset, counts]) => ({
      day: today + Number(offset),
      counts: { refreshed: 0, lapses: 0, inactive: 0, unknown: 0, ...counts },
    })),
    cohort: null,
  }) as ExpiryCalendar;

describe('the calendar in a terminal', () => {
  it('draws a bar for each day, its parts by what comes of the tokens, and a gap', () => {
    const calendar = calendarOf({
      0: { refreshed: 12, unknown: 6, lapses: 3, inactive: 3 },
      1: { refreshed: 1 },
      9: { lapses: 24 },
    });
    expect(formatCalendars([{ provider: 'fathom', calendar }])).toBe(
      [
        'Tokens that expire in the next 90 days, by day (UTC)',
        '█ refreshed before   ▒ for others to refresh   ░ lapses   · switched off',
        '',
        'fathom: 46 active tokens expire, no cohort together',
        `2025-11-24 Mon  24  ${'█'.repeat(24)}${'▒'.repeat(12)}${'░'.repeat(6)}${'·'.repeat(6)}`,
        '2025-11-25 Tue   1  ██',
        '…',
        `2025-12-03 Wed  24  ${'░'.repeat(48)}`,
        '',
      ].join('\n'),
    );
  });

  it('names the cohort, and says of a provider that nothing expires', () => {
    const cohort = calendarOfDays([{ day: today + 3, active: true, tokens: 37 }], 41, now);
    const text = formatCalendars([
      { provider: 'fathom', calendar: cohort },
      { provider: 'slack', calendar: calendarOf({}) },
    ]);
    expect(text).toContain(
      'fathom: 37 of 41 active tokens expire on 27 Nov, no refresh is sure to save them\n',
    );
    expect(text).toContain('\n\nslack: nothing expires\n');
  });

  it('shows the one token among a million, and stays within 80 columns', () => {
    const calendar = calendarOf({
      0: { refreshed: 1, lapses: 1, inactive: 1, unknown: 1_000_000 },
      5: { lapses: 1 },
    });
    const lines = formatCalendars([{ provider: 'fathom', calendar }]).split('\n');
    expect(lines.some((line) => /█▒+░·$/.test(line))).toBe(true);
    expect(lines.at(-2)).toMatch(/ 1 {2}░$/);
    const bars = lines.filter((line) => line.startsWith('20'));
    expect(Math.max(...bars.map(columns))).toBeLessThanOrEqual(80);
  });
});
