import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCronSchedule } from '../../src/assess/cron-schedule.js';
import type { SeenCron } from '../../src/assess/cron-trouble.js';
import { countJobRuns, describeRuns, failedSince, runsSince } from '../../src/watch/job-runs.js';
import type { RunCounts } from '../../src/watch/job-runs.js';

const minuteMs = 60_000;
const startMs = Date.parse('2026-03-02T08:00:30Z');
const everyMinute = parseCronSchedule('* * * * *', 'GMT');

const seen = (
  succeeded: number,
  failed: number,
  { name = 'sync', schedule = everyMinute } = {},
): SeenCron => ({ troubles: [], jobs: [{ name, schedule, ended: { succeeded, failed } }] });

/** Polls at these minutes after the start; what each saw. */
const count = (polls: readonly (readonly [minutes: number, saw: SeenCron | null])[]) =>
  polls.reduce<RunCounts>(
    (before, [minutes, saw]) => countJobRuns(before, saw, startMs + minutes * minuteMs),
    {},
  );

describe('the runs of a job during a watch', () => {
  it('begin with the first sight of it: what ran before belongs to nobody', () => {
    expect(count([[0, seen(500, 7)]])['sync']).toMatchObject({
      expected: 0,
      succeeded: 0,
      failed: 0,
    });
  });

  it('are expected by the schedule, at the very minute and not before', () => {
    const after = (ms: number) =>
      countJobRuns(count([[0, seen(500, 7)]]), seen(500, 7), startMs + ms)['sync']?.expected;
    expect(after(30_000 - 1)).toBe(0);
    expect(after(30_000)).toBe(1);
    expect(after(30_000 + minuteMs)).toBe(2);
  });

  it('are counted after a gap in which nobody looked', () => {
    const counts = count([
      [0, seen(500, 7)],
      [1, null],
      [10, seen(508, 9)],
    ]);
    expect(counts['sync']).toMatchObject({ expected: 10, succeeded: 8, failed: 2 });
    expect(describeRuns(counts)).toBe('1 scheduled job: 10 runs expected, 8 succeeded, 2 failed');
  });

  it('are caught up with by the next polls after a very long gap', () => {
    const polls = [0, 1_000, 1_000, 1_000, 1_000, 1_000].map(
      (minutes) => [minutes, seen(500, 7)] as const,
    );
    expect(count(polls.slice(0, 2))['sync']?.expected).toBe(200);
    expect(count(polls)['sync']?.expected).toBe(1_000);
  });

  it('are not owed for the time in which the job was switched off', () => {
    const off = seen(502, 0, { schedule: null });
    const counts = count([
      [0, seen(500, 0)],
      [2, seen(502, 0)],
      [2.5, off],
      [60, off],
      [62, seen(504, 0)],
    ]);
    expect(counts['sync']).toMatchObject({ expected: 4, succeeded: 4 });
  });

  it('are not counted twice when a slower replica still holds older totals', () => {
    const counts = count([
      [0, seen(500, 7)],
      [1, seen(501, 8)],
      [2, seen(500, 7)],
      [3, seen(502, 8)],
    ]);
    expect(counts['sync']).toMatchObject({ succeeded: 2, failed: 1 });
  });

  it('are kept for a job that is gone', () => {
    const counts = count([
      [0, seen(500, 0)],
      [1, seen(501, 0)],
      [2, seen(9, 9, { name: 'another' })],
    ]);
    expect(Object.keys(counts)).toEqual(['sync', 'another']);
    expect(counts['sync']).toMatchObject({ expected: 1, succeeded: 1 });
  });

  it('add up to the same however often one looks', () => {
    const ascending = fc
      .uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 10 })
      .map((minutes) => minutes.sort((a, b) => a - b));
    fc.assert(
      fc.property(ascending, (minutes) => {
        const look = (at: number) => [at, seen(500 + at, Math.floor(at / 7))] as const;
        const often = count([look(0), ...minutes.map(look), look(60)]);
        expect(often).toEqual(count([look(0), look(60)]));
      }),
      { numRuns: 50 },
    );
  });

  it('are told of a poll only where there is something to tell', () => {
    const before = count([[0, seen(500, 7)]]);
    const quiet = countJobRuns(before, seen(500, 7), startMs + 1_000);
    expect(runsSince(before, quiet)).toBeNull();
    expect(failedSince(before, quiet)).toEqual([]);
    const failed = countJobRuns(quiet, seen(500, 9), startMs + 2_000);
    expect(runsSince(quiet, failed)).toEqual({ expected: 0, succeeded: 0, failed: 2 });
    expect(failedSince(quiet, failed)).toEqual([{ job: 'sync', runs: 2, ofAll: 2 }]);
  });
});
