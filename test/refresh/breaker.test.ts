import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breakerAfter } from '../../src/refresh/breaker-after.js';
import type { AttemptOutcome, BreakerChange } from '../../src/refresh/breaker-after.js';
import { breakerAdmission, closedBreaker, startProbe } from '../../src/refresh/breaker.js';
import type { Breaker } from '../../src/refresh/breaker.js';
import { failureReasons } from '../../src/refresh/failure-reason.js';
import type { FailureReason } from '../../src/refresh/failure-reason.js';

const second = 1000;
const minute = 60 * second;

const refreshed: AttemptOutcome = { kind: 'refreshed' };
const failed = (reason: FailureReason): AttemptOutcome => ({ kind: 'failed', reason });
const down = failed('server_error');

/** Attempts of ordinary tokens, one a second from `startMs` on. */
function after(breaker: Breaker, outcomes: readonly AttemptOutcome[], startMs = 0): Breaker {
  return outcomes.reduce<Breaker>(
    (before, outcome, index) =>
      breakerAfter(before, { tokenId: `t${index}`, atMs: startMs + index * second, outcome })
        .breaker,
    breaker,
  );
}

/** One token tried alone. */
function probe(breaker: Breaker, tokenId: string, atMs: number, outcome: AttemptOutcome) {
  return breakerAfter(startProbe(breaker, tokenId, atMs), { tokenId, atMs, outcome });
}

const times = (count: number, outcome: AttemptOutcome) =>
  new Array<AttemptOutcome>(count).fill(outcome);

/** Suspected at 4 s. */
const suspect = after(closedBreaker, times(5, down));
/** Opened at 5 s. */
const open = probe(suspect, 'p', 5 * second, down).breaker;
const openUntil = 5 * second + 5 * minute;

describe('a closed breaker', () => {
  // The last of them at 19 s.
  it.each([
    ['twenty successes, a millisecond less than a second before', 20, 19_999, true],
    ['twenty successes, a second before', 20, 20_000, false],
    ['nineteen successes', 19, 18_001, false],
  ] as const)('need not note a success after %s: %i, %i', (_, count, atMs, isSteady) => {
    const steady = after(closedBreaker, times(count, refreshed));
    const { breaker } = breakerAfter(steady, { tokenId: 't', atMs, outcome: refreshed });
    expect(breaker === steady).toBe(isSteady);
  });

  it('notes a success that follows a failure at once', () => {
    const failedOnce = after(closedBreaker, [...times(19, refreshed), down]);
    const { breaker } = breakerAfter(failedOnce, {
      tokenId: 't',
      atMs: 19_001,
      outcome: refreshed,
    });
    expect(breaker.attempts.at(-1)).toEqual({ reason: null, atMs: 19_001 });
  });

  it('lets everything through', () => {
    expect(breakerAdmission(closedBreaker, 0)).toEqual({ kind: 'all' });
  });

  it.each<[string, AttemptOutcome[], string]>([
    ['four failures', times(4, down), 'closed'],
    ['five failures alike', times(5, down), 'suspect'],
    [
      'five failures, three of them alike',
      [down, failed('timeout'), down, failed('network'), down],
      'suspect',
    ],
    [
      'six failures, exactly half of them alike',
      [...times(3, down), failed('timeout'), failed('network'), failed('storage')],
      'suspect',
    ],
    [
      'five failures, two of them alike',
      [down, failed('timeout'), down, failed('network'), failed('storage')],
      'closed',
    ],
    ['five failures before a success', [...times(4, down), refreshed, down], 'closed'],
    ['a success before five failures', [refreshed, ...times(5, down)], 'suspect'],
    ['five successes before five failures', [...times(5, refreshed), ...times(5, down)], 'suspect'],
    ['six successes before five failures', [...times(6, refreshed), ...times(5, down)], 'closed'],
    ['any number of successes before nine', [...times(99, refreshed), ...times(9, down)], 'closed'],
    [
      'any number of successes before ten',
      [...times(99, refreshed), ...times(10, down)],
      'suspect',
    ],
    ['superseded attempts: siblings won', times(9, failed('superseded')), 'closed'],
    ['tokens with nothing to send', times(9, failed('no_refresh_token')), 'closed'],
    [
      'refusals of our client: they pause by themselves',
      times(9, failed('invalid_client')),
      'closed',
    ],
    ['our own storage failing: no more rotations', times(5, failed('storage')), 'suspect'],
    ['suspected and dead grants alike', mix(3, 2), 'suspect'],
  ])('after %s', (_, outcomes, expected) => {
    expect(after(closedBreaker, outcomes).phase.kind).toBe(expected);
  });

  it.each([
    ['counts a failure of a millisecond less than ten minutes ago', 10 * minute - 1, 'suspect'],
    ['forgets one of ten minutes ago', 10 * minute, 'closed'],
  ])('%s', (_, atMs, expected) => {
    const early = after(closedBreaker, [down]);
    expect(after(early, times(4, down), atMs - 3 * second).phase.kind).toBe(expected);
  });

  it('stays small', () => {
    const outcomes = [...times(500, refreshed), ...times(4, down)];
    expect(after(closedBreaker, outcomes).attempts).toHaveLength(20);
  });
});

describe('a suspect provider', () => {
  it('tries one due token that has not failed, at once', () => {
    expect(breakerAdmission(suspect, 4 * second)).toEqual({ kind: 'fresh' });
  });

  it('tries one at a time, whoever asks', () => {
    const probing = startProbe(suspect, 'p', 5 * second);
    const expected = { kind: 'none', untilMs: openUntil };
    expect(breakerAdmission(probing, 5 * second)).toEqual(expected);
    expect(breakerAdmission(probing, openUntil - 1)).toEqual(expected);
  });

  it('gives up a probe whose sender died, after five minutes', () => {
    const probing = startProbe(suspect, 'p', 5 * second);
    expect(breakerAdmission(probing, openUntil)).toEqual({ kind: 'canary', prefer: null });
  });

  it('is cleared by the success of the probe', () => {
    const expected = { breaker: closedBreaker, change: 'cleared' };
    expect(probe(suspect, 'p', 5 * second, refreshed)).toEqual(expected);
  });

  it('opens when the probe fails, whatever for', () => {
    for (const outcome of [down, failed('timeout'), { kind: 'dead' } as const]) {
      const { breaker, change } = probe(suspect, 'p', 5 * second, outcome);
      expect(change).toBe('opened');
      expect(breaker.phase).toMatchObject({ kind: 'open', untilMs: openUntil });
    }
  });

  it('tries another when the probe says nothing', () => {
    const { breaker } = probe(suspect, 'p', 5 * second, failed('superseded'));
    expect(breakerAdmission(breaker, 5 * second)).toEqual({ kind: 'fresh' });
  });

  it('does not open for requests that were out already', () => {
    expect(after(suspect, times(10, down), 5 * second).phase.kind).toBe('suspect');
  });

  it('tries a canary after five minutes in which no such token was due', () => {
    const untilMs = 4 * second + 5 * minute;
    expect(breakerAdmission(suspect, untilMs - 1)).toEqual({ kind: 'fresh' });
    expect(breakerAdmission(suspect, untilMs)).toEqual({ kind: 'canary', prefer: null });
  });
});

describe('an open breaker', () => {
  it('lets nothing through for five minutes, then a canary', () => {
    const expected = { kind: 'none', untilMs: openUntil };
    expect(breakerAdmission(open, openUntil - 1)).toEqual(expected);
    expect(breakerAdmission(open, openUntil)).toEqual({ kind: 'canary', prefer: null });
  });

  it('closes when the canary succeeds', () => {
    const expected = { breaker: closedBreaker, change: 'closed' };
    expect(probe(open, 'c', openUntil, refreshed)).toEqual(expected);
  });

  it('closes when any refresh succeeds, such as one that a person forced', () => {
    const attempt = { tokenId: 'other', atMs: openUntil, outcome: refreshed };
    expect(breakerAfter(open, attempt)).toEqual({ breaker: closedBreaker, change: 'closed' });
  });

  it('stays open for another five minutes when the canary fails', () => {
    const { breaker, change } = probe(open, 'c', openUntil, failed('timeout'));
    expect(change).toBeNull();
    expect(breaker.phase).toEqual({
      kind: 'open',
      reason: 'timeout',
      untilMs: openUntil + 5 * minute,
      confirming: null,
    });
  });

  it('is not kept open by requests that were out already', () => {
    expect(after(open, times(10, down), 6 * second).phase).toEqual(open.phase);
  });

  it('needs five new failures after it was closed', () => {
    const closed = probe(open, 'c', openUntil, refreshed).breaker;
    expect(after(closed, times(4, down), openUntil).phase.kind).toBe('closed');
    expect(after(closed, times(5, down), openUntil).phase.kind).toBe('suspect');
  });
});

describe('a mass death', () => {
  /** Two invalid_grants of one canary, a minute apart, the first as soon as it may be tried. */
  function kill(breaker: Breaker, tokenId: string, atMs: number) {
    const notBeforeMs = atMs + minute;
    const suspected = probe(breaker, tokenId, atMs, { kind: 'suspected', notBeforeMs }).breaker;
    expect(breakerAdmission(suspected, notBeforeMs - 1)).toMatchObject({ kind: 'none' });
    expect(breakerAdmission(suspected, notBeforeMs)).toEqual({ kind: 'canary', prefer: tokenId });
    return probe(suspected, tokenId, notBeforeMs, { kind: 'dead' });
  }

  const one = kill(open, 'a', openUntil);
  const two = kill(one.breaker, 'b', openUntil + 6 * minute);
  const three = kill(two.breaker, 'c', openUntil + 12 * minute);

  it('is not believed of one canary or two: the next waits five minutes', () => {
    expect([one.change, two.change]).toEqual([null, null]);
    const untilMs = openUntil + 6 * minute;
    expect(breakerAdmission(one.breaker, untilMs - 1)).toEqual({ kind: 'none', untilMs });
    expect(breakerAdmission(one.breaker, untilMs)).toEqual({ kind: 'canary', prefer: null });
  });

  it('is believed of three, once, and lets every token through to be classified', () => {
    expect(three.change).toBe('mass_death');
    expect(breakerAdmission(three.breaker, 0)).toEqual({ kind: 'all' });
    const more = after(three.breaker, times(50, { kind: 'dead' }));
    expect(more).toEqual(three.breaker);
  });

  it('is not believed of one canary three times', () => {
    const again = kill(one.breaker, 'a', openUntil + 6 * minute);
    const third = kill(again.breaker, 'a', openUntil + 12 * minute);
    expect(third.breaker.phase.kind).toBe('open');
  });

  it('is not believed of canaries with a success between them', () => {
    const alive = probe(two.breaker, 'alive', openUntil + 12 * minute, refreshed);
    expect(alive).toEqual({ breaker: closedBreaker, change: 'closed' });
  });

  it('takes another canary when the first turns out to be superseded', () => {
    const suspected = { kind: 'suspected', notBeforeMs: openUntil + minute } as const;
    const waiting = probe(open, 'a', openUntil, suspected).breaker;
    const { breaker } = probe(waiting, 'a', openUntil + minute, failed('superseded'));
    expect(breakerAdmission(breaker, openUntil + minute)).toEqual({ kind: 'canary', prefer: null });
  });

  it('still stops at failures of another kind', () => {
    const broken = after(three.breaker, [{ kind: 'dead' }, ...times(5, down)]);
    expect(broken.phase).toMatchObject({ kind: 'suspect', reason: 'server_error' });
  });

  it('ends with the first success', () => {
    const attempt = { tokenId: 'alive', atMs: 0, outcome: refreshed };
    expect(breakerAfter(three.breaker, attempt)).toEqual({
      breaker: closedBreaker,
      change: 'cleared',
    });
  });
});

describe('laws of the breaker', () => {
  const anyOutcome: fc.Arbitrary<AttemptOutcome> = fc.oneof(
    fc.constant(refreshed),
    fc.constantFrom(...failureReasons).map(failed),
    fc.constant<AttemptOutcome>({ kind: 'dead' }),
    fc.nat(2 * minute).map((notBeforeMs): AttemptOutcome => ({ kind: 'suspected', notBeforeMs })),
  );
  interface Event {
    readonly tokenId: string;
    readonly waitMs: number;
    readonly outcome: AttemptOutcome;
  }
  const anyHistory = fc.array(
    fc.record<Event>({
      tokenId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      waitMs: fc.nat(3 * minute),
      outcome: fc.oneof(
        { weight: 3, arbitrary: anyOutcome },
        { weight: 5, arbitrary: fc.constant(down) },
      ),
    }),
    { maxLength: 60 },
  );

  interface Step {
    readonly atMs: number;
    readonly outcome: AttemptOutcome;
    readonly change: BreakerChange | null;
    readonly breaker: Breaker;
  }

  /** Plays a history as the refresher would: alone where only one token is let through. */
  function play(history: readonly Event[]): Step[] {
    let breaker = closedBreaker;
    let atMs = 0;
    return history.map(({ tokenId, waitMs, outcome }) => {
      atMs += waitMs;
      const { kind } = breakerAdmission(breaker, atMs);
      if (kind === 'fresh' || kind === 'canary') breaker = startProbe(breaker, tokenId, atMs);
      const step = breakerAfter(breaker, { tokenId, atMs, outcome });
      ({ breaker } = step);
      return { atMs, outcome, ...step };
    });
  }

  it('it never becomes suspect without five failures since the last success', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const steps = play(history);
        steps.forEach(({ change }, index) => {
          if (change !== 'suspected') return;
          const before = steps.slice(0, index + 1);
          const success = before.findLastIndex(({ outcome }) => outcome.kind === 'refreshed');
          expect(before.length - success - 1).toBeGreaterThanOrEqual(5);
        });
      }),
    );
  });

  it('it opens only from suspicion, and closes only on a success', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        let previous: Breaker['phase']['kind'] = 'closed';
        for (const { outcome, change, breaker } of play(history)) {
          if (change === 'opened') expect(previous).toBe('suspect');
          if (change === 'closed') expect(previous).toBe('open');
          if (change === 'mass_death') expect(breaker.deadCanaries).toHaveLength(3);
          if (breaker.phase.kind === 'closed' && previous !== 'closed') {
            expect(outcome.kind).toBe('refreshed');
          }
          previous = breaker.phase.kind;
        }
      }),
    );
  });

  it('any success closes it, whatever came before', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const breaker = play(history).at(-1)?.breaker ?? closedBreaker;
        const step = breakerAfter(breaker, { tokenId: 'a', atMs: 1e9, outcome: refreshed });
        expect(step.breaker.phase).toEqual({ kind: 'closed' });
      }),
    );
  });

  it('it never keeps everything back for more than five minutes', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const last = play(history).at(-1);
        if (last === undefined) return;
        const kind = breakerAdmission(last.breaker, last.atMs + 5 * minute).kind;
        expect(kind).not.toBe('none');
      }),
    );
  });

  it('it stays small', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const { breaker } of play(history)) {
          expect(breaker.attempts.length).toBeLessThanOrEqual(20);
          expect(breaker.deadCanaries.length).toBeLessThanOrEqual(3);
        }
      }),
    );
  });
});

function mix(suspected: number, dead: number): AttemptOutcome[] {
  return [
    ...times(suspected, { kind: 'suspected', notBeforeMs: 0 }),
    ...times(dead, { kind: 'dead' }),
  ];
}
