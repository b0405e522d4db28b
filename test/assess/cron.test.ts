import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assessCron } from '../../src/assess/cron.js';
import { nothingKnown } from '../../src/assess/assess.js';
import { seenCron } from '../../src/assess/cron-trouble.js';
import type { CronAssessment } from '../../src/assess/cron.js';
import { findMissed } from '../../src/assess/cron-job.js';
import { learnCron, nothingKnownOfCron } from '../../src/assess/cron-knowledge.js';
import { parseCronSchedule } from '../../src/assess/cron-schedule.js';
import { matches } from '../../src/assess/too-seldom.js';
import type { ObservedJob } from '../../src/observe/cron-jobs.js';
import type { ObservedRuns, RunCount } from '../../src/observe/cron-runs.js';
import { known, unknown } from '../../src/observe/reading.js';
import { noSurroundings } from '../../src/observe/surroundings.js';
import type { RunCursor } from '../../src/store/cron-knowledge.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const now = new Date('2026-11-24T12:00:00Z');
const config = {
  cron: {
    database: 'default',
    jobs: [],
    graceMs: 5 * minuteMs,
    longestRunMs: hourMs,
    timeZone: null,
  },
  providers: [],
};

const jobOf = (facts: Partial<ObservedJob> = {}): ObservedJob => ({
  jobId: 1,
  name: 'sync',
  schedule: '0 * * * *',
  active: true,
  callsHttp: false,
  ...facts,
});
const runsOf = (facts: Partial<ObservedRuns> = {}): ObservedRuns => ({
  jobId: 1,
  lastRunAtMs: now.getTime() - 30 * minuteMs,
  isRunning: false,
  lastSuccessAtMs: now.getTime() - 30 * minuteMs,
  failures: 0,
  lastFailure: null,
  successStartsMs: [],
  ...facts,
});

interface Seen {
  readonly jobs?: readonly ObservedJob[];
  readonly complete?: boolean;
  readonly runs?: readonly ObservedRuns[];
  readonly runsComplete?: boolean;
  readonly count?: RunCount;
}

function seen({
  jobs = [jobOf()],
  complete = true,
  runs = [runsOf()],
  runsComplete = true,
  count,
}: Seen = {}) {
  const from: RunCursor | null = null;
  return {
    jobs: known({ jobs, complete, timeZone: 'GMT' }),
    runs: known({
      runs,
      complete: runsComplete,
      count: count ?? { from, to: { lastRunId: 9, openRunIds: [] }, counts: [] },
    }),
    responses: unknown('missing', 'no pg_net', 'none'),
    sources: [],
  };
}

const assessAt = (
  observed: ReturnType<typeof seen>,
  previous: CronAssessment | null = null,
  at = now,
  remembered: CronAssessment['knowledge'] | null = null,
) => assessCron({ ...noSurroundings, cron: observed }, remembered, previous, config, at)!;
const jobIn = ({ jobs }: CronAssessment, name = 'sync') => jobs.find((each) => each.name === name);

describe('a run that was missed', () => {
  const hourly = parseCronSchedule('0 * * * *', 'GMT')!;
  const noon = now.getTime();
  const missed = (
    lastRunAtMs: number | null,
    nowMs: number,
    scheduledSinceMs: number | null = null,
  ) => findMissed(hourly, { lastRunAtMs, scheduledSinceMs }, nowMs, 5 * minuteMs);

  it('is missed after the grace, and not before', () => {
    expect(missed(noon, noon + hourMs + 5 * minuteMs)).toBeNull();
    expect(missed(noon, noon + hourMs + 5 * minuteMs + 1)).toEqual({
      expectedAtMs: noon + hourMs,
      runs: 1,
    });
    expect(missed(noon, noon + 3 * hourMs + 5 * minuteMs)?.runs).toBe(3);
  });

  it('is none before the schedule was there, and none where nobody knows of any', () => {
    expect(missed(noon - 100 * hourMs, noon + 10 * minuteMs, noon)).toBeNull();
    expect(missed(null, noon + 2 * hourMs, noon)?.expectedAtMs).toBe(noon + hourMs);
    expect(missed(null, noon)).toBeNull();
  });

  it('is never one of a job that ran after every time of its schedule', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), (minutes) => {
        const nowMs = noon + minutes * minuteMs;
        const lastDueMs = Math.floor(nowMs / hourMs) * hourMs;
        expect(missed(lastDueMs, nowMs)).toBeNull();
      }),
    );
  });
});

describe('a job', () => {
  const later = (ms: number) => new Date(now.getTime() + ms);

  it('whose schedule is changed is measured by the new one from then on', () => {
    const weekly = seen({
      jobs: [jobOf({ schedule: '0 0 * * 0' })],
      runs: [runsOf({ lastRunAtMs: now.getTime() - 48 * hourMs })],
    });
    const before = assessAt(weekly);
    const hourly = seen({ runs: [runsOf({ lastRunAtMs: now.getTime() - 48 * hourMs })] });
    const changed = assessAt(hourly, before, later(minuteMs));
    expect(jobIn(changed)?.missed).toBeNull();
    expect(jobIn(assessAt(hourly, changed, later(hourMs + 5 * minuteMs)))?.missed).toBeNull();
    expect(jobIn(assessAt(hourly, changed, later(hourMs + 5 * minuteMs + 1)))?.missed?.runs).toBe(
      1,
    );
  });

  it('that is hidden is as it was, and one that is gone has vanished for a week', () => {
    const before = assessAt(seen());
    const hidden = assessAt(seen({ jobs: [], runs: [], complete: false }), before, later(hourMs));
    expect(jobIn(hidden)).toEqual(jobIn(before));
    const gone = assessAt(seen({ jobs: [], runs: [] }), before, later(hourMs));
    expect(jobIn(gone)?.problems).toEqual([
      { reason: 'vanished', sinceMs: later(hourMs).getTime() },
    ]);
    const week = 7 * 24 * hourMs;
    const none = seen({ jobs: [], runs: [] });
    expect(jobIn(assessAt(none, gone, later(hourMs + week)))?.problems).toHaveLength(1);
    expect(jobIn(assessAt(none, gone, later(hourMs + week + 1)))).toBeUndefined();
  });

  it('whose runs may be hidden is not overdue for want of them', () => {
    const blind = seen({ runs: [], runsComplete: false });
    const first = assessAt(blind);
    expect(jobIn(assessAt(blind, first, later(100 * hourMs)))?.missed).toBeNull();
    const sighted = seen({ runs: [] });
    expect(jobIn(assessAt(sighted, assessAt(sighted), later(100 * hourMs)))?.missed).not.toBeNull();
  });
});

describe('the count of runs', () => {
  const cursor = (lastRunId: number): RunCursor => ({ lastRunId, openRunIds: [] });
  const counting = (from: RunCursor | null, to: number, runs: number) =>
    seen({
      count: {
        from,
        to: cursor(to),
        counts: [{ jobId: 1, outcome: 'succeeded', runs }],
      },
    });
  const total = ({ knowledge }: CronAssessment) => knowledge.totals.get('sync')?.succeeded;

  it('begins with the process where nothing is remembered', () => {
    const first = assessAt(counting(null, 9, 0));
    expect([first.origin, total(first)]).toEqual(['process', 0]);
    const second = assessAt(counting(cursor(9), 12, 3), first);
    expect(total(second)).toBe(3);
    // Counted from a cursor that has moved on: somebody counted these already.
    expect(total(assessAt(counting(cursor(9), 12, 3), second))).toBe(3);
  });

  it('waits while the memory is away, instead of going its own way', () => {
    const memory = learnCron(
      { ...nothingKnownOfCron, cursor: cursor(5) },
      counting(null, 9, 0),
      now,
    );
    const first = assessAt(counting(null, 9, 0), null, now, memory);
    expect([first.origin, first.knowledge.cursor]).toEqual(['memory', cursor(5)]);
    const away = assessAt(counting(cursor(5), 12, 7), first, now, null);
    expect([away.origin, total(away), away.knowledge.cursor]).toEqual(['memory', 0, cursor(5)]);
    const back = learnCron(memory, counting(cursor(5), 14, 9), now);
    expect(total(assessAt(counting(cursor(5), 14, 9), away, now, back))).toBe(9);
  });

  it('stays with the process when a memory turns up later, since totals must not jump', () => {
    const first = assessAt(counting(null, 9, 0));
    const memory = {
      ...nothingKnownOfCron,
      totals: new Map([['sync', { succeeded: 500, failed: 0 }]]),
    };
    const second = assessAt(counting(cursor(9), 10, 1), first, now, memory);
    expect([second.origin, total(second)]).toEqual(['process', 1]);
  });
});

describe('what a watch sees of the jobs', () => {
  const memory = { ...nothingKnownOfCron, cursor: { lastRunId: 9, openRunIds: [] } };
  const remembered = learnCron(
    { ...memory, totals: new Map([['sync', { succeeded: 500, failed: 2 }]]) },
    seen({}),
    now,
  );
  const up = {
    reason: null,
    remedy: null,
    notes: [],
    optional: true,
    up: true,
    state: 'ok',
  } as const;
  const sources = new Map(
    ['cron:jobs', 'cron:runs'].map((name) => [name, { ...up, name }] as const),
  );
  const seenBy = (cron: CronAssessment, of: typeof sources = sources) =>
    seenCron({ ...nothingKnown, cron, sources: of });

  it('is the schedule and how many runs have ended, as the replicas share it', () => {
    const jobs = seenBy(assessAt(seen({}), null, now, remembered))?.jobs;
    expect(jobs).toMatchObject([{ name: 'sync', ended: { succeeded: 500, failed: 2 } }]);
    expect(jobs?.[0]?.schedule?.nextAfterMs(now.getTime())).toBeGreaterThan(now.getTime());
  });

  it('is no count where only this process counts, and nothing at all where jobs are hidden', () => {
    const alone = assessAt(seen({}));
    expect(seenBy(alone)).toEqual({ troubles: [], jobs: [] });
    expect(seenBy(alone, new Map())).toBeNull();
  });
});

describe('a pattern of names', () => {
  it.each([
    ['*fathom*', 'my-Fathom-sync', true],
    ['fathom', 'fathom-sync', false],
    ['sync.*', 'syncing', false],
    ['a*c', 'abc', true],
    ['', 'x', false],
  ])('%s and %s', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });
});
