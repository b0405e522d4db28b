import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countRuns, parseCronSchedule, pauseLongerThan } from '../../src/assess/cron-schedule.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const at = (iso: string) => Date.parse(iso);

/** The runs after an instant, as people write them. */
function runsAfter(text: string, iso: string, count: number, timeZone = 'GMT'): string[] {
  const schedule = parseCronSchedule(text, timeZone);
  const runs: string[] = [];
  let ms: number | null = at(iso);
  while (runs.length < count) {
    ms = schedule?.nextAfterMs(ms) ?? null;
    if (ms === null) break;
    runs.push(new Date(ms).toISOString().slice(0, 16));
  }
  return runs;
}

describe('a schedule of pg_cron', () => {
  it.each([
    ['every minute', '* * * * *', '2026-11-24T12:00:30Z', ['2026-11-24T12:01']],
    [
      'an instant of its own is not after it',
      '0 * * * *',
      '2026-11-24T12:00:00Z',
      ['2026-11-24T13:00'],
    ],
    ['one millisecond before it is', '0 * * * *', '2026-11-24T11:59:59.999Z', ['2026-11-24T12:00']],
    [
      'working hours skip the weekend',
      '0 8-15 * * 1-5',
      '2026-11-27T15:00:00Z',
      ['2026-11-30T08:00'],
    ],
    [
      'days and months by name',
      '5 4 * jan mon,FRI',
      '2026-11-24T00:00:00Z',
      ['2027-01-01T04:05', '2027-01-04T04:05'],
    ],
    ['Sunday is 7 as well', '0 0 * * 7', '2026-11-24T00:00:00Z', ['2026-11-29T00:00']],
    ['a nickname', '@daily', '2026-11-24T12:00:00Z', ['2026-11-25T00:00']],
    [
      'both day fields widen each other',
      '0 0 13 * 5',
      '2026-11-10T00:00:00Z',
      ['2026-11-13T00:00', '2026-11-20T00:00'],
    ],
    [
      'unless one begins with an asterisk',
      '0 0 */2 * 1',
      '2026-11-17T00:00:00Z',
      ['2026-11-23T00:00', '2026-12-07T00:00'],
    ],
    [
      'the last day of the month',
      '0 0 $ * *',
      '2026-11-24T00:00:00Z',
      ['2026-11-30T00:00', '2026-12-31T00:00'],
    ],
    ['a leap day', '0 0 29 2 *', '2026-11-24T00:00:00Z', ['2028-02-29T00:00']],
  ])('%s: %s', (_, text, after, expected) => {
    expect(runsAfter(text, after, expected.length)).toEqual(expected);
  });

  it('is read in its time zone, over the change of the clocks', () => {
    expect(runsAfter('0 9 * * *', '2026-10-24T00:00:00Z', 2, 'Europe/Berlin')).toEqual([
      '2026-10-24T07:00',
      '2026-10-25T08:00',
    ]);
  });

  it('may be a number of seconds', () => {
    const schedule = parseCronSchedule('30 seconds', 'GMT');
    expect(schedule?.nextAfterMs(1_000)).toBe(31_000);
    expect(parseCronSchedule('1 second', 'GMT')?.nextAfterMs(0)).toBe(1_000);
  });

  it.each([
    ['@reboot', 'GMT'],
    ['', 'GMT'],
    ['every day', 'GMT'],
    ['0 0 * * * *', 'GMT'],
    ['61 * * * *', 'GMT'],
    ['0 0 * * *', 'Nowhere/Else'],
  ])('%j in %s has no time to wait for', (text, timeZone) => {
    expect(parseCronSchedule(text, timeZone)).toBeNull();
  });

  it('that names a day which never comes has no next run', () => {
    expect(
      parseCronSchedule('0 0 30 2 *', 'GMT')?.nextAfterMs(at('2026-11-24T00:00:00Z')),
    ).toBeNull();
  });

  it('never throws, whatever stands in the column', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const schedule = parseCronSchedule(text, 'GMT');
        const next = schedule?.nextAfterMs(at('2026-11-24T12:00:00Z')) ?? null;
        expect(next === null || next > at('2026-11-24T12:00:00Z')).toBe(true);
      }),
    );
  });
});

describe('the longest pause', () => {
  const from = at('2026-11-24T12:17:00Z');
  const pause = (text: string, limitMs: number) =>
    pauseLongerThan(parseCronSchedule(text, 'GMT')!, limitMs, from);

  it.each([
    ['of working hours is the weekend', '0 8-15 * * 1-5', 24 * hourMs, 65 * hourMs],
    ['of their every minute as well', '* 8-15 * * 1-5', 24 * hourMs, 64 * hourMs + minuteMs],
    ['of a daily job is a day', '30 9 * * *', 24 * hourMs - 1, 24 * hourMs],
    ['that is exactly the limit is not longer', '30 9 * * *', 24 * hourMs, null],
    ['of every minute is short', '* * * * *', hourMs, null],
    ['of every quarter is longer than ten minutes', '*/15 * * * *', 10 * minuteMs, 15 * minuteMs],
    ['of a monthly job is a month', '0 0 1 * *', 24 * hourMs, 31 * 24 * hourMs],
  ])('%s: %s', (_, text, limitMs, expected) => {
    expect(pause(text, limitMs)).toBe(expected);
  });

  it('is the one that walking through every run finds', () => {
    const field = (max: number) =>
      fc.uniqueArray(fc.integer({ min: 0, max }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(field(59), field(23), field(6), (minutes, hours, days) => {
        const text = `${minutes.join()} ${hours.join()} * * ${days.join()}`;
        const { nextAfterMs } = parseCronSchedule(text, 'GMT')!;
        let run = nextAfterMs(from)!;
        const end = run + 7 * 24 * hourMs;
        let walked = 0;
        while (run < end) {
          const next = nextAfterMs(run)!;
          walked = Math.max(walked, next - run);
          run = next;
        }
        expect(pause(text, 2 * hourMs)).toBe(walked > 2 * hourMs ? walked : null);
      }),
      { numRuns: 50 },
    );
  });
});

describe('counting runs', () => {
  const hourly = parseCronSchedule('0 * * * *', 'GMT')!;
  const after = at('2026-11-24T12:00:00Z');

  it('includes one at the end, excludes one at the start', () => {
    expect(countRuns(hourly, after, after + 3 * hourMs, 50)).toEqual({
      count: 3,
      lastAtMs: after + 3 * hourMs,
    });
    expect(countRuns(hourly, after, after + 3 * hourMs - 1, 50).count).toBe(2);
    expect(countRuns(hourly, after, after + hourMs - 1, 50)).toEqual({ count: 0, lastAtMs: after });
  });

  it('ends at the limit', () => {
    expect(countRuns(hourly, after, after + 1_000 * hourMs, 50).count).toBe(50);
  });
});
