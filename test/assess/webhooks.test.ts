import { describe, expect, it } from 'vitest';
import { assessWebhooks, isClustered } from '../../src/assess/webhooks.js';
import { known, unknown } from '../../src/observe/reading.js';
import type { ProviderSurroundings } from '../../src/observe/surroundings.js';
import type { ObservedArrivals, ObservedEvents } from '../../src/observe/webhooks.js';

const now = new Date('2026-11-24T12:00:00Z');
const minuteMs = 60_000;
const config = {
  arrivals: null,
  events: null,
  windowMs: 24 * 60 * minuteMs,
  silentAfterMs: 60 * minuteMs,
  delayedAfterMs: 15 * minuteMs,
};
const spread = Array.from({ length: 60 }, () => 1);
const nothing: ProviderSurroundings = {
  jobLog: null,
  arrivals: null,
  events: null,
  stored: null,
  expiryDays: null,
};

function arrivals(facts: Partial<ObservedArrivals> = {}): ProviderSurroundings {
  const usual = {
    lastReceivedAtMs: now.getTime() - minuteMs,
    received: 60,
    measured: 60,
    delayMs: { median: 3 * minuteMs, p90: 8 * minuteMs },
    byMinute: spread,
  };
  return { ...nothing, arrivals: known({ ...usual, ...facts }) };
}

const events = (succeeded: number, failed: number, other = 0): ProviderSurroundings => ({
  ...nothing,
  events: known<ObservedEvents>({ succeeded, failed, other }),
});

const problems = (observed: ProviderSurroundings, settings = config) =>
  assessWebhooks(settings, observed, null, now)?.problems;

describe('webhooks', () => {
  it('are silent after the configured time, and not before', () => {
    const last = (ms: number | null) => arrivals({ lastReceivedAtMs: ms });
    expect(problems(last(now.getTime() - 60 * minuteMs))).toEqual([]);
    expect(problems(last(now.getTime() - 60 * minuteMs - 1))).toEqual(['silent']);
  });

  it('are not silent where none ever came, nor where silence is no fault', () => {
    expect(problems(arrivals({ lastReceivedAtMs: null }))).toEqual([]);
    const old = arrivals({ lastReceivedAtMs: 0 });
    expect(problems(old, { ...config, silentAfterMs: null } as never)).toEqual([]);
  });

  it('are delayed when half of them take longer, and enough came to say so', () => {
    const taking = (median: number, measured = 5) =>
      arrivals({ delayMs: { median, p90: median }, measured });
    expect(problems(taking(15 * minuteMs))).toEqual([]);
    expect(problems(taking(15 * minuteMs + 1))).toEqual(['delayed']);
    expect(problems(taking(15 * minuteMs + 1, 4))).toEqual([]);
  });

  it('that come late and in the same minutes of the hour come with a job', () => {
    const byMinute = spread.map((_, minute) => (minute < 3 ? 20 : 0));
    const late = { median: 30 * minuteMs, p90: 55 * minuteMs };
    expect(problems(arrivals({ byMinute, delayMs: late }))).toEqual(['delayed', 'carried_by_cron']);
    // Calls end at full hours too.
    expect(problems(arrivals({ byMinute }))).toEqual([]);
  });

  it('fail when more than a fifth of what was finished failed, and at least five', () => {
    expect(problems(events(20, 5))).toEqual([]);
    expect(problems(events(19, 5))).toEqual(['failing']);
    expect(problems(events(0, 4))).toEqual([]);
    expect(problems(events(19, 5, 1_000))).toEqual(['failing']);
  });

  it('keep what was known while it can not be read, and are judged by the time of now', () => {
    const before = assessWebhooks(config, arrivals(), null, now);
    const gone = { ...nothing, arrivals: unknown('missing', 'gone', 'create it') };
    const later = new Date(now.getTime() + 120 * minuteMs);
    expect(assessWebhooks(config, gone, before, later)).toEqual({
      ...before,
      problems: ['silent'],
    });
    expect(assessWebhooks(config, gone, null, later)).toBeNull();
    expect(assessWebhooks(null, arrivals(), null, now)).toBeNull();
  });
});

describe('arrivals are clustered', () => {
  const at = (...counts: readonly (readonly [number, number])[]) => {
    const byMinute = Array<number>(60).fill(0);
    for (const [minute, count] of counts) byMinute[minute] = count;
    return byMinute;
  };

  it.each([
    ['in six minutes', at([10, 5], [15, 5]), true],
    ['not in seven', at([10, 5], [16, 5]), false],
    ['over the full hour', at([58, 5], [2, 5]), true],
    ['when four of five are', at([10, 8], [40, 2]), true],
    ['not when fewer are', at([10, 79], [40, 21]), false],
    ['not when there are only nine', at([10, 9]), false],
    ['not when there are none', at(), false],
  ])('%s', (_, byMinute, expected) => {
    expect(isClustered(byMinute)).toBe(expected);
  });
});
