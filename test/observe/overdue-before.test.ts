import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overdueBefore } from '../../src/observe/overdue-before.js';

const hour = 3_600_000;
const minute = 60_000;

/** The instant before which a success is overdue, as ISO 8601. */
const before = (now: string, cron: string, timeZone = 'UTC', graceMs = 30 * minute) =>
  new Date(
    overdueBefore({ schedule: { cron, timeZone, graceMs }, overdueAfterMs: hour }, new Date(now)),
  ).toISOString();

const workingHours = '0 8-15 * * 1-5';

describe('a success is overdue when it lies before', () => {
  it.each<[string, string, string, string, string]>([
    // What it shows, now, the schedule, its time zone, the boundary.
    [
      'the last run of Friday, on Sunday',
      '2025-11-30T12:00:00Z',
      workingHours,
      'UTC',
      '2025-11-28T15:00:00.000Z',
    ],
    [
      'the same, before the first run of Monday is over',
      '2025-12-01T08:29:59.999Z',
      workingHours,
      'UTC',
      '2025-11-28T15:00:00.000Z',
    ],
    [
      'the first run of Monday, exactly when it is over',
      '2025-12-01T08:30:00.000Z',
      workingHours,
      'UTC',
      '2025-12-01T08:00:00.000Z',
    ],
    [
      'the run of this hour',
      '2025-12-01T10:45:00Z',
      workingHours,
      'UTC',
      '2025-12-01T10:00:00.000Z',
    ],
    [
      'the run of the hour before, within the grace',
      '2025-12-01T10:15:00Z',
      workingHours,
      'UTC',
      '2025-12-01T09:00:00.000Z',
    ],
    [
      'the last run of a working day at night, by its own time zone',
      '2025-12-01T23:00:00Z',
      workingHours,
      'America/New_York',
      '2025-12-01T20:00:00.000Z',
    ],
    [
      '08:00 in winter time after the clocks went back',
      '2025-10-27T08:00:00Z',
      workingHours,
      'Europe/Berlin',
      '2025-10-27T07:00:00.000Z',
    ],
    [
      '08:00 in summer time before that',
      '2025-10-24T07:00:00Z',
      workingHours,
      'Europe/Berlin',
      '2025-10-24T06:00:00.000Z',
    ],
    [
      'the day before, where 02:30 has not come yet and never will',
      '2025-03-30T01:35:00Z',
      '30 2 * * *',
      'Europe/Berlin',
      '2025-03-29T01:30:00.000Z',
    ],
    [
      '02:30 moved by an hour, where the clocks skip it',
      '2025-03-30T02:00:00Z',
      '30 2 * * *',
      'Europe/Berlin',
      '2025-03-30T01:30:00.000Z',
    ],
    [
      'the first 02:30, where there are two',
      '2025-10-26T02:30:00Z',
      '30 2 * * *',
      'Europe/Berlin',
      '2025-10-26T00:30:00.000Z',
    ],
  ])('%s', (_, now, cron, timeZone, expected) => {
    expect(before(now, cron, timeZone)).toBe(expected);
  });

  it('overdue_after ago, where there is no schedule', () => {
    const now = new Date('2025-11-30T12:00:00.001Z');
    expect(overdueBefore({ schedule: null, overdueAfterMs: 72 * hour }, now)).toBe(
      now.getTime() - 72 * hour,
    );
  });

  it('never an instant within the grace, and never an earlier one than before', () => {
    const instant = fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2027, 0) });
    const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu');
    const cron = fc.constantFrom(
      workingHours,
      '*/5 * * * *',
      '30 2 * * *',
      '0 0 1 * *',
      '0 * * * *',
    );
    fc.assert(
      fc.property(
        instant,
        fc.nat(7 * 24 * hour),
        zone,
        cron,
        fc.nat(2 * hour),
        (at, more, timeZone, pattern, graceMs) => {
          const schedule = { cron: pattern, timeZone, graceMs };
          const boundary = (ms: number) =>
            overdueBefore({ schedule, overdueAfterMs: 1 }, new Date(ms));
          expect(boundary(at)).toBeLessThanOrEqual(at - graceMs);
          expect(boundary(at + more)).toBeGreaterThanOrEqual(boundary(at));
        },
      ),
    );
  });
});
