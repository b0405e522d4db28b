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

const anyHistory = (check: (steps: readonly Step[], told: readonly Told[]) => void) => {
  fc.assert(
    fc.property(histories, fc.boolean(), (steps, opensAtOnce) => {
      check(steps, play(steps, { opensAtOnce }).told);
    }),
    { numRuns: 2_000 },
  );
};

describe('whatever the polls bring', () => {
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
    anyHistory((steps, told) => {
      for (const { atMs } of told.filter(({ kind }) => kind === 'recovered')) {
        const before = steps.filter((step) => step.atMs <= atMs && step.sight !== null);
        const lastBad = before.findLastIndex(({ sight }) => sight!.length > 0);
        const good = before.slice(lastBad + 1);
        expect(good.length).toBeGreaterThanOrEqual(2);
        expect(atMs - good[0]!.atMs).toBeGreaterThanOrEqual(numbers.pollIntervalMs);
      }
    });
  });

  it('OPEN, UPDATE and REMINDER are told at a poll that saw it, RECOVERED at one that did not', () => {
    anyHistory((steps, told) => {
      for (const { atMs, kind } of told) {
        const sights = steps.filter((step) => step.atMs === atMs).map(({ sight }) => sight);
        const isBad = sights.some((sight) => sight !== null && sight.length > 0);
        const isGood = sights.some((sight) => sight?.length === 0);
        expect(kind === 'recovered' ? isGood : isBad).toBe(true);
      }
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
      const kindsOf = (history: readonly Told[]) => history.map(({ kind }) => kind);
      expect(kindsOf(play(seeing, { opensAtOnce: true }).told)).toEqual(
        kindsOf(play(steps, { opensAtOnce: true }).told),
      );
      expect(told.every(({ atMs }) => seeing.some((step) => step.atMs === atMs))).toBe(true);
    });
  });
});
