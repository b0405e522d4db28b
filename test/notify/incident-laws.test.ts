import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hour, numbers, play, second } from './policy.js';
import type { Step, Told } from './policy.js';

/** Polls of one or more replicas: good, bad with changing sets, blind; seconds or hours apart. */
const histories = fc
  .array(
    fc.record({
      gapMs: fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(second, 29_999, 30_000, 31_000) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 6 * hour }) },
      ),
      sight: fc.oneof(
        { weight: 4, arbitrary: fc.subarray(['a', 'b', 'c'], { minLength: 1 }) },
        { weight: 4, arbitrary: fc.constant<string[]>([]) },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
    }),
    { maxLength: 60 },
  )
  .map((steps) => {
    let atMs = 0;
    return steps.map(({ gapMs, sight }): Step => ({ atMs: (atMs += gapMs), sight }));
  });

const anyHistory = (
  check: (steps: readonly Step[], told: readonly Told[], toldAt: readonly number[]) => void,
) => {
  fc.assert(
    fc.property(histories, fc.boolean(), (steps, opensAtOnce) => {
      const { told, toldAt } = play(steps, { opensAtOnce });
      check(steps, told, toldAt);
    }),
    { numRuns: 2_000 },
  );
};

describe('whatever the polls bring', () => {
  it('(there is every kind of message among what they bring)', () => {
    // Reminders are rare: this asks of the histories what they can bring, not of chance.
    const some = fc.sample(histories, { numRuns: 2_000, seed: 1 });
    const seen = new Set(some.flatMap((steps) => play(steps).told.map(({ kind }) => kind)));
    expect([...seen].sort()).toEqual(['open', 'recovered', 'reminder', 'update']);
  });

  it('no OPEN follows an OPEN, and nothing else begins or ends an incident', () => {
    anyHistory((_, told) => {
      let isOpen = false;
      for (const { kind } of told) {
        expect(isOpen).toBe(kind !== 'open');
        isOpen = kind !== 'recovered';
      }
    });
  });

  it('RECOVERED rests on two good polls, an interval apart, and on no bad one between them', () => {
    anyHistory((steps, told, toldAt) => {
      told.forEach(({ kind, atMs }, index) => {
        if (kind !== 'recovered') return;
        const until = steps.slice(0, toldAt[index]! + 1).filter(({ sight }) => sight !== null);
        const lastBad = until.findLastIndex(({ sight }) => sight!.length > 0);
        const good = until.slice(lastBad + 1);
        expect(good.length).toBeGreaterThanOrEqual(2);
        expect(atMs - good[0]!.atMs).toBeGreaterThanOrEqual(numbers.pollIntervalMs);
      });
    });
  });

  it('OPEN, UPDATE and REMINDER are told at a poll that saw it, RECOVERED at one that did not', () => {
    anyHistory((steps, told, toldAt) => {
      told.forEach(({ kind }, index) => {
        const { sight } = steps[toldAt[index]!]!;
        expect(sight === null ? null : sight.length > 0).toBe(kind !== 'recovered');
      });
    });
  });

  it('reminders and updates are never closer to the message before than allowed', () => {
    anyHistory((_, told) => {
      told.forEach(({ atMs, kind }, index) => {
        const sinceMs = atMs - (told[index - 1]?.atMs ?? -Infinity);
        if (kind === 'update') expect(sinceMs).toBeGreaterThanOrEqual(numbers.updateIntervalMs);
        if (kind === 'reminder') expect(sinceMs).toBeGreaterThanOrEqual(numbers.firstReminderMs);
      });
    });
  });

  it('polls that could not see change nothing: without them the same is told', () => {
    anyHistory((steps, told) => {
      const seeing = steps.filter(({ sight }) => sight !== null);
      const [certain, confirmed] = [true, false].map((opensAtOnce) =>
        play(seeing, { opensAtOnce }),
      );
      expect([certain!.told, confirmed!.told]).toContainEqual(told);
    });
  });
});
