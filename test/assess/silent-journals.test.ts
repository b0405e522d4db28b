import { describe, expect, it } from 'vitest';
import { nothingWatched, silentJournals, watchJournals } from '../../src/assess/silent-journals.js';
import type { JournalReading } from '../../src/assess/silent-journals.js';

const minute = 60_000;
const longestGapMs = 3 * minute;

function reading(facts: Partial<JournalReading> = {}): JournalReading {
  return { journalId: 'j', host: 'node-1', seenAtMs: 0, claims: 2, ...facts };
}

/** Polls at these times, each of which reads the journals that stand beside it. */
function observe(
  polls: readonly (readonly [atMs: number, ...readings: JournalReading[]])[],
  gapMs = longestGapMs,
) {
  const watch = polls.reduce(
    (before, [atMs, ...readings]) => watchJournals(before, readings, atMs, gapMs),
    nothingWatched,
  );
  return silentJournals(watch);
}

/** A poll per minute from `from` to `to` that reads the same each time. */
function everyMinute(from: number, to: number, ...readings: JournalReading[]) {
  return Array.from(
    { length: to - from + 1 },
    (_, n) => [(from + n) * minute, ...readings] as const,
  );
}

describe('a journal with claims whose heartbeat stands still', () => {
  it('is silent after five minutes of polls, and not a millisecond sooner', () => {
    const first = everyMinute(0, 4, reading());
    const silent = { journalId: 'j', host: 'node-1', unseenMs: 5 * minute, claims: 2 };
    expect(observe([...first, [5 * minute - 1, reading()]])).toEqual([]);
    expect(observe([...first, [5 * minute, reading()]])).toEqual([silent]);
  });

  it('counts from the first poll that saw it, however old the heartbeat is', () => {
    const old = reading({ seenAtMs: -24 * 60 * minute });
    expect(observe([[0, old]])).toEqual([]);
    expect(observe(everyMinute(0, 4, old))).toEqual([]);
  });

  it('counts again from nothing when the heartbeat moved', () => {
    const polls = [
      ...everyMinute(0, 20, reading()),
      ...everyMinute(21, 25, reading({ seenAtMs: 1 })),
    ];
    expect(observe(polls)).toEqual([]);
    expect(observe([...polls, [26 * minute, reading({ seenAtMs: 1 })]])).toHaveLength(1);
  });

  it('counts again from nothing after an outage, in which nobody could show a heartbeat', () => {
    const before = everyMinute(0, 20, reading());
    const resumed = (minutes: number) => everyMinute(20 + minutes, 24 + minutes, reading());
    expect(observe([...before, ...resumed(3)])).toHaveLength(1);
    const gap = longestGapMs + 1;
    const late = resumed(3).map(([atMs, ...readings]) => [atMs + 1, ...readings] as const);
    expect(late[0]?.[0]).toBe(20 * minute + gap);
    expect(observe([...before, ...late])).toEqual([]);
  });

  it('does not count the time between polls that are far apart', () => {
    const hour = 60 * minute;
    const polls = [0, hour, 2 * hour].map((atMs) => [atMs, reading()] as const);
    expect(observe(polls, 3 * hour).map(({ unseenMs }) => unseenMs)).toEqual([10 * minute]);
  });

  it('counts again from nothing when the clock went back', () => {
    expect(observe([...everyMinute(0, 20, reading()), [19 * minute, reading()]])).toEqual([]);
  });

  it('is not silent without claims, nor when it is gone', () => {
    expect(observe(everyMinute(0, 20, reading({ claims: 0 })))).toEqual([]);
    expect(observe([...everyMinute(0, 20, reading()), [21 * minute]])).toEqual([]);
  });

  it('is counted beside others, each for itself', () => {
    const polls = Array.from(
      { length: 11 },
      (_, n) =>
        [n * minute, reading(), reading({ journalId: 'alive', seenAtMs: n * minute })] as const,
    );
    expect(observe(polls).map(({ journalId }) => journalId)).toEqual(['j']);
  });

  it('needs no heartbeat to be recorded', () => {
    const silent = observe(everyMinute(0, 6, reading({ host: null, seenAtMs: null })));
    expect(silent).toMatchObject([{ host: null, unseenMs: 6 * minute }]);
  });
});
