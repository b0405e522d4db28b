import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requiredCoverage, longestGapMs } from '../../src/watch/stability-watch.js';
import { expectedSamples } from '../../src/watch/coverage.js';
import { judge } from '../../src/watch/judge.js';
import { simulateWatch } from './simulate-watch.js';
import { createWorld, hourMs, minuteMs, pollIntervalMs, tokenOf } from './simulated-world.js';
import type { SimulatedWorld } from './simulated-world.js';

/** What happens in a short watch: when polls fail, what can't be read, what goes wrong. */
interface Story {
  readonly gaps: readonly { readonly fromMs: number; readonly forMs: number }[];
  readonly blind: { readonly fromMs: number; readonly forMs: number } | null;
  readonly lifetimeMs: number;
  readonly death: number | null;
}

const forMs = 4 * hourMs;
const offset = fc.integer({ min: 0, max: forMs / pollIntervalMs }).map((n) => n * pollIntervalMs);
const length = fc.oneof(
  fc.constantFrom(30_000, minuteMs, 2 * minuteMs, 5 * minuteMs, 6 * minuteMs),
  fc.integer({ min: 0, max: 60 * minuteMs }),
);
const stretch = fc.record({ fromMs: offset, forMs: length });
/** Most stories have no such trouble: a law about STABLE must meet some that are. */
const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
const story: fc.Arbitrary<Story> = fc.record({
  gaps: fc.oneof(fc.constant([]), fc.array(stretch, { maxLength: 2 })),
  blind: rarely(stretch),
  lifetimeMs: fc.constantFrom(30 * minuteMs, hourMs, 2 * hourMs, 60 * 24 * hourMs),
  death: rarely(offset),
});

function scenarioOf({ gaps, blind, lifetimeMs, death }: Story) {
  const world: SimulatedWorld = createWorld(2, lifetimeMs);
  const at = (whenMs: number, event: (nowMs: number) => void) => [whenMs, event] as const;
  const events = [
    ...(blind === null
      ? []
      : [
          at(blind.fromMs, () => (world.lost = 'syncs')),
          at(blind.fromMs + blind.forMs, () => (world.lost = 'nothing')),
        ]),
    ...(death === null
      ? []
      : [
          at(death, (nowMs) => {
            if (tokenOf(world, 'token-0').memory.deadSinceMs === null) world.kill('token-0', nowMs);
          }),
        ]),
  ].sort(([a], [b]) => a - b);
  const isDown = (offsetMs: number) =>
    gaps.some((gap) => offsetMs >= gap.fromMs && offsetMs < gap.fromMs + gap.forMs);
  return { world, forMs, events, isUp: (offsetMs: number) => !isDown(offsetMs) };
}

const rank = { STABLE: 2, INCONCLUSIVE: 1, UNSTABLE: 0, RUNNING: -1 };

describe('the verdict', () => {
  it('is never STABLE with less than the required evidence', async () => {
    let stable = 0;
    await fc.assert(
      fc.asyncProperty(story, async (each) => {
        const { state, judgement, samples } = await simulateWatch(scenarioOf(each));
        if (judgement.verdict !== 'STABLE') return;
        stable += 1;
        const { watch, progress } = state;
        // Counted from the samples themselves, not from what the watch added up.
        expect(samples.length).toBeGreaterThanOrEqual(
          requiredCoverage * expectedSamples(watch, watch.deadlineAtMs),
        );
        const times = [watch.startedAtMs, ...samples.map(({ atMs }) => atMs), watch.deadlineAtMs];
        const gaps = times.slice(1).map((atMs, index) => atMs - times[index]!);
        expect(Math.max(...gaps)).toBeLessThanOrEqual(longestGapMs);
        const sighted = samples.filter(({ sample }) => sample.blind === undefined);
        const outOfScope = state.baseline!.outOfScope.some(
          ({ check }) => check === 'syncs_overdue',
        );
        if (!outOfScope) {
          expect(sighted.length).toBeGreaterThanOrEqual(
            requiredCoverage * expectedSamples(watch, watch.deadlineAtMs),
          );
          expect(samples.at(-1)?.sample.blind).toBeUndefined();
        }
        expect(progress?.lifecycles['fathom']?.seen).not.toBeNull();
        expect(samples.every(({ sample }) => sample.findings === undefined)).toBe(true);
      }),
      { numRuns: 100 },
    );
    // The law must have been tried on something.
    expect(stable).toBeGreaterThan(5);
  });

  it('never gets better by a death', async () => {
    await fc.assert(
      fc.asyncProperty(story, offset, async (each, deathAt) => {
        const without = await simulateWatch(scenarioOf({ ...each, death: null }));
        const withDeath = await simulateWatch(scenarioOf({ ...each, death: deathAt }));
        expect(rank[withDeath.judgement.verdict]).toBeLessThanOrEqual(
          rank[without.judgement.verdict],
        );
      }),
      { numRuns: 40 },
    );
  });

  it('is UNSTABLE with any violation, whatever else is known', async () => {
    await fc.assert(
      fc.asyncProperty(story, fc.integer({ min: 0, max: forMs * 2 }), async (each, laterMs) => {
        const { state } = await simulateWatch(scenarioOf(each));
        const { watch, progress } = state;
        if (progress === null) return;
        const finding = {
          check: 'tokens_lost' as const,
          provider: 'fathom',
          key: 'x',
          affected: 1,
          evidence: 'token x is gone',
          graceMs: 0,
        };
        const atMs = watch.startedAtMs;
        const violation = { finding, sinceMs: atMs, atMs, atStart: false };
        const worse = {
          ...state,
          progress: { ...progress, violations: [...progress.violations, violation] },
        };
        expect(judge(worse, atMs + laterMs).verdict).toBe('UNSTABLE');
      }),
      { numRuns: 40 },
    );
  });
});
