import { describe, expect, it } from 'vitest';
import { decideIncident, reminderWaitMs } from '../../src/notify/decide-incident.js';
import { evidenceOf, hour, minute, numbers, play, polls, second, subject } from './policy.js';
import type { Step } from './policy.js';

const bad = ['a'];
const good: readonly string[] = [];
const interval = numbers.pollIntervalMs;
/** Opened at 30 s. */
const opened = polls(bad, 0, interval);
const kinds = (
  steps: readonly Step[],
  ...more: Parameters<typeof play> extends [unknown, ...infer Rest] ? Rest : never
) => play(steps, ...more).told.map(({ kind }) => kind);

describe('an incident opens', () => {
  it.each([
    ['at one poll', polls(bad, 0), [], 'suspected'],
    ['at two polls a second apart, of two replicas', polls(bad, 0, second), [], 'too_soon'],
    ['one millisecond before the interval is over', polls(bad, 0, interval - 1), [], 'too_soon'],
    ['exactly one interval later', polls(bad, 0, interval), ['open'], 'opened'],
    [
      'again after a good poll in between',
      [...polls(bad, 0), ...polls(good, 10), ...polls(bad, interval)],
      [],
      'suspected',
    ],
    [
      'across polls that could not see',
      [...polls(bad, 0), ...polls(null, 10, 20), ...polls(bad, interval)],
      ['open'],
      'opened',
    ],
    [
      'at a poll that could not see',
      [...polls(bad, 0), ...polls(null, interval)],
      [],
      'no_evidence',
    ],
    ['when nothing is wrong', polls(good, 0, interval), [], 'nothing'],
  ] as const)('%s', (_, steps, told, because) => {
    const history = play(steps);
    expect(history.told.map(({ kind }) => kind)).toEqual(told);
    expect(history.because).toBe(because);
  });

  it('after as many polls as are configured', () => {
    const policy = { openAfterPolls: 3 };
    expect(kinds(polls(bad, 0, interval), {}, policy)).toEqual([]);
    expect(kinds(polls(bad, 0, interval, 2 * interval), {}, policy)).toEqual(['open']);
  });

  it.each([
    ['one millisecond before the grouping window is over', 30 * second - 1, [], 'grouping'],
    ['exactly when it is over', 30 * second, ['open'], 'opened'],
  ] as const)('that is certain at once, %s', (_, atMs, told, because) => {
    const history = play(polls(bad, 0, atMs), { opensAtOnce: true });
    expect(history.told.map(({ kind }) => kind)).toEqual(told);
    expect(history.because).toBe(because);
  });

  it('at the first poll where it is certain and nothing is grouped', () => {
    expect(kinds(polls(bad, 0), { opensAtOnce: true }, { groupWaitMs: 0 })).toEqual(['open']);
  });

  it('with everyone who was affected when the window was over', () => {
    const steps = [...polls(['a'], 0), ...polls(['a', 'b', 'c'], 30 * second)];
    const { incident } = play(steps, { opensAtOnce: true });
    expect(incident?.told?.ids).toEqual(new Set(['a', 'b', 'c']));
    expect(incident?.firstSeenAtMs).toBe(0);
  });

  it('never when it goes before anybody was told', () => {
    const steps = [...polls(bad, 0), ...polls(good, 10 * second, 40 * second)];
    expect(play(steps, { opensAtOnce: true })).toMatchObject({
      incident: null,
      told: [],
      because: 'dissolved',
    });
  });
});

describe('an update', () => {
  const at = interval + 5 * minute;

  it.each([
    ['one millisecond too soon', ['a', 'b'], at - 1, [], 'update_too_soon'],
    ['when the set grew', ['a', 'b'], at, ['update'], 'grew'],
    ['when one went and another came', ['b'], at, ['update'], 'grew'],
    ['when nothing changed', ['a'], at, [], 'unchanged'],
    ['when the poll could not see', null, at, [], 'no_evidence'],
  ] as const)('%s', (_, sight, atMs, told, because) => {
    const history = play([...opened, ...polls(sight, atMs)]);
    expect(history.told.slice(1).map(({ kind }) => kind)).toEqual(told);
    expect(history.because).toBe(because);
  });

  it('tells of a partial recovery, in the same rhythm', () => {
    const steps = [...polls(['a', 'b'], 0, interval), ...polls(['a'], at - 1, at, at + 1)];
    expect(play(steps).told).toEqual([
      { atMs: interval, kind: 'open' },
      { atMs: at, kind: 'update' },
    ]);
  });
});

describe('a reminder', () => {
  it.each([
    [0, 4 * hour],
    [1, 8 * hour],
    [2, 16 * hour],
    [3, 24 * hour],
    [40, 24 * hour],
  ])('after %i others comes after %i ms', (reminders, expected) => {
    expect(reminderWaitMs(reminders, numbers)).toBe(expected);
  });

  it('comes exactly then, and the next one twice as late', () => {
    const first = interval + 4 * hour;
    const second = first + 8 * hour;
    const steps = [...opened, ...polls(bad, first - 1, first, second - 1, second)];
    expect(play(steps).told).toEqual([
      { atMs: interval, kind: 'open' },
      { atMs: first, kind: 'reminder' },
      { atMs: second, kind: 'reminder' },
    ]);
  });

  it('counts from the last message, whatever that was', () => {
    const update = interval + hour;
    const steps = [
      ...opened,
      ...polls(['a', 'b'], update, update + 4 * hour - 1, update + 4 * hour),
    ];
    expect(play(steps).told.map(({ kind }) => kind)).toEqual(['open', 'update', 'reminder']);
  });

  it('does not come while polls can not see', () => {
    expect(kinds([...opened, ...polls(null, interval + 5 * hour)])).toEqual(['open']);
  });
});

describe('RECOVERED', () => {
  const over = hour;

  it.each([
    ['at one good poll', polls(good, over), [], 'recovering'],
    ['at two good polls a second apart', polls(good, over, over + second), [], 'too_soon'],
    [
      'one millisecond before the interval is over',
      polls(good, over, over + interval - 1),
      [],
      'too_soon',
    ],
    ['exactly one interval later', polls(good, over, over + interval), ['recovered'], 'recovered'],
    [
      'after a bad poll in between',
      [...polls(good, over), ...polls(bad, over + 1), ...polls(good, over + interval)],
      [],
      'recovering',
    ],
    [
      'across polls that could not see',
      [...polls(good, over), ...polls(null, over + 1), ...polls(good, over + interval)],
      ['recovered'],
      'recovered',
    ],
    [
      'at polls that could not see',
      polls(null, over, over + interval, over + hour),
      [],
      'no_evidence',
    ],
    ['while somebody is still affected', polls(['a'], over, over + interval), [], 'unchanged'],
  ] as const)('comes or not %s', (_, steps, told, because) => {
    const history = play([...opened, ...steps]);
    expect(history.told.slice(1).map(({ kind }) => kind)).toEqual(told);
    expect(history.because).toBe(because);
  });

  it('leaves nothing behind: the next time is a new incident', () => {
    const again = 2 * hour;
    const steps = [
      ...opened,
      ...polls(good, over, over + interval),
      ...polls(bad, again, again + interval),
    ];
    const { told, incident } = play(steps);
    expect(told.map(({ kind }) => kind)).toEqual(['open', 'recovered', 'open']);
    expect(incident?.firstSeenAtMs).toBe(again);
  });
});

describe('a poll that is older than what was decided', () => {
  it.each([
    ['one millisecond older', interval - 1, 'outdated'],
    ['of the same instant', interval, 'recovering'],
  ] as const)('%s', (_, atMs, because) => {
    const { incident } = play(opened);
    const decision = decideIncident(incident, subject, evidenceOf(good), atMs, numbers);
    expect(decision.because).toBe(because);
    if (because === 'outdated') expect(decision.next).toBe(incident);
  });
});

describe('a silence', () => {
  const silenced = (sight: readonly string[] | null, ...times: readonly number[]) =>
    polls(sight, ...times).map((step) => ({ ...step, silenced: true }));

  it('tells nobody of an incident that opens in it, and when it ends, that it is open', () => {
    const quiet = silenced(bad, 0, interval, hour);
    expect(kinds(quiet)).toEqual([]);
    expect(play([...quiet, ...polls(bad, hour + 1)]).told).toEqual([
      { atMs: hour + 1, kind: 'open' },
    ]);
  });

  it('reminds when it ends of what people had been told before it', () => {
    const steps = [...opened, ...silenced(bad, hour, 2 * hour), ...polls(bad, 2 * hour + 1)];
    expect(play(steps)).toMatchObject({
      told: [{ kind: 'open' }, { kind: 'reminder', atMs: 2 * hour + 1 }],
      because: 'silence_ended',
    });
  });

  it('tells what changed when it ends', () => {
    const steps = [...opened, ...silenced(['a', 'b'], hour), ...polls(['a', 'b'], hour + 1)];
    expect(kinds(steps)).toEqual(['open', 'update']);
  });

  it('keeps a RECOVERED until it ends', () => {
    const steps = [...opened, ...silenced(good, hour, hour + interval, 2 * hour)];
    expect(kinds(steps)).toEqual(['open']);
    expect(kinds([...steps, ...polls(good, 3 * hour)])).toEqual(['open', 'recovered']);
  });

  it('makes no second OPEN of what went and came back in it', () => {
    const steps = [
      ...opened,
      ...silenced(good, hour, hour + interval),
      ...silenced(bad, 2 * hour),
      ...polls(bad, 3 * hour),
    ];
    expect(kinds(steps)).toEqual(['open', 'reminder']);
  });

  it('tells nothing at all of what began and ended in it', () => {
    const steps = [
      ...silenced(bad, 0, interval),
      ...silenced(good, hour, hour + interval),
      ...polls(good, 2 * hour),
    ];
    expect(play(steps)).toMatchObject({ incident: null, told: [] });
  });
});

describe('a decision that changes nothing', () => {
  it('returns the very object, so that nothing is written', () => {
    const { incident } = play(opened);
    for (const sight of [bad, null]) {
      const decision = decideIncident(incident, subject, evidenceOf(sight), hour, numbers);
      expect(decision.next).toBe(incident);
    }
  });
});
