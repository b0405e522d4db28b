import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { retryDelayMs, startSchedule, type Schedule } from '../src/schedule.js';

/** node-schedule takes its time from Date and setTimeout, so fake timers drive the real thing. */
beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2025-11-29T08:00:00Z') });
});
afterEach(async () => {
  const stopping = schedule?.stop();
  await pass(60_000);
  await stopping;
  schedule = null;
  vi.useRealTimers();
});

let schedule: Schedule | null = null;

/** A schedule whose runs are noted, in seconds since its start. */
function start({
  intervalMs,
  takesMs = 0,
  succeeds = () => true,
}: {
  intervalMs: number;
  takesMs?: number | (() => number);
  succeeds?: () => boolean;
}) {
  const startedAtMs = Date.now();
  const runs: number[] = [];
  const skipped: number[] = [];
  const seconds = () => (Date.now() - startedAtMs) / 1_000;
  schedule = startSchedule({
    intervalMs,
    now: Date.now,
    onSkipped: () => skipped.push(seconds()),
    run: () => {
      runs.push(seconds());
      const durationMs = typeof takesMs === 'number' ? takesMs : takesMs();
      if (durationMs === 0) return Promise.resolve(succeeds());
      let end!: (succeeded: boolean) => void;
      const ended = new Promise<boolean>((resolve) => (end = resolve));
      setTimeout(() => {
        end(succeeds());
      }, durationMs);
      return ended;
    },
  });
  return { runs, skipped, schedule };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('the rhythm', () => {
  it('runs at once and then at every tick', async () => {
    const { runs, skipped } = start({ intervalMs: 30_000 });
    expect(runs).toEqual([0]);
    await pass(95_000);
    expect(runs).toEqual([0, 30, 60, 90]);
    expect(skipped).toEqual([]);
  });

  it('keeps its beat whatever a run takes', async () => {
    const { runs } = start({ intervalMs: 10_000, takesMs: 7_500 });
    await pass(35_000);
    expect(runs).toEqual([0, 10, 20, 30]);
  });

  it('runs one at a time, and counts the ticks it skips for that', async () => {
    const { runs, skipped } = start({ intervalMs: 10_000, takesMs: 25_000 });
    await pass(61_000);
    expect(runs).toEqual([0, 30, 60]);
    expect(skipped).toEqual([10, 20, 40, 50]);
  });

  it('does not make up for ticks that a suspended machine slept through', async () => {
    const { runs, skipped } = start({ intervalMs: 10_000 });
    await pass(12_000);
    vi.setSystemTime(Date.now() + 8 * 3_600_000);
    await pass(25_000);
    const after = runs.slice(2);
    expect(after.length).toBeGreaterThanOrEqual(2);
    expect(after.length).toBeLessThanOrEqual(4);
    expect(skipped).toEqual([]);
  });
});

describe('after a failure', () => {
  it('tries again after 1 s, then twice as long each time, at most 15 s', async () => {
    const { runs } = start({ intervalMs: 3_600_000, succeeds: () => false });
    await pass(63_000);
    expect(runs).toEqual([0, 1, 3, 7, 15, 30, 45, 60]);
  });

  it('still runs at every tick, and counts the retry from there', async () => {
    const { runs, skipped } = start({ intervalMs: 10_000, succeeds: () => false });
    await pass(31_000);
    expect(runs).toEqual([0, 1, 3, 7, 10, 20, 30]);
    expect(skipped).toEqual([]);
  });

  it('leaves it to the tick where that comes as soon', async () => {
    const { runs } = start({ intervalMs: 1_000, succeeds: () => false });
    await pass(3_500);
    expect(runs).toEqual([0, 1, 2, 3]);
  });

  it('starts with 1 s again after a success', async () => {
    const answers = [false, false, true, false, true];
    const { runs } = start({ intervalMs: 20_000, succeeds: () => answers.shift() ?? true });
    await pass(45_000);
    expect(runs).toEqual([0, 1, 3, 20, 21, 40]);
  });

  it('counts the pause from the end of the run that failed', async () => {
    const { runs } = start({ intervalMs: 60_000, takesMs: 4_500, succeeds: () => false });
    await pass(14_000);
    expect(runs).toEqual([0, 5.5, 12]);
  });

  it.each([
    [1, 1_000],
    [2, 2_000],
    [4, 8_000],
    [5, 15_000],
    [2_000, 15_000],
  ])('number %i waits %i ms', (failures, delayMs) => {
    expect(retryDelayMs(failures)).toBe(delayMs);
  });
});

describe('stopping', () => {
  it('waits for the run under way, and nothing runs after it', async () => {
    const { runs, schedule: running } = start({
      intervalMs: 10_000,
      takesMs: 3_000,
      succeeds: () => false,
    });
    await pass(1_000);
    let stopped = false;
    const stopping = running.stop().then(() => {
      stopped = true;
    });
    await pass(1_900);
    expect(stopped).toBe(false);
    await pass(200);
    await stopping;
    expect(stopped).toBe(true);
    await pass(120_000);
    expect(runs).toEqual([0]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends a retry that was due, and can be repeated', async () => {
    const { runs, schedule: running } = start({ intervalMs: 60_000, succeeds: () => false });
    await pass(500);
    await running.stop();
    await running.stop();
    await pass(120_000);
    expect(runs).toEqual([0]);
  });
});
