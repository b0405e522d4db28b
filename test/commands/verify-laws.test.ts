import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeFindings, summarize, verifyVerdicts } from '../../src/remedy/verify-check.js';
import type { VerifyCheck, VerifyCheckName, VerifyFinding } from '../../src/remedy/verify-check.js';
import { healthy, nowMs, readings, verify, world } from './verify-simulated.js';
import type { ReadingName } from './verify-simulated.js';

const passing = (checks: readonly VerifyCheck[]) =>
  checks.filter(({ verdict }) => verdict === 'pass').map(({ check }) => check);

describe('missing data', () => {
  const names = Object.keys(readings) as ReadingName[];

  it('never lets a check pass that rests on it', () => {
    const hidden = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 });
    fc.assert(
      fc.property(world, hidden, (of, missing) => {
        const passed = passing(verify(of, new Set(missing)));
        for (const name of missing) {
          for (const check of readings[name]) expect(passed).not.toContain(check);
        }
      }),
    );
  });

  it('never makes a check pass that did not', () => {
    fc.assert(
      fc.property(world, fc.uniqueArray(fc.constantFrom(...names)), (of, missing) => {
        expect(passing(verify(of))).toEqual(
          expect.arrayContaining(passing(verify(of, new Set(missing)))),
        );
      }),
    );
  });

  it.each(names)('of %s takes its own checks from a healthy world, and no others', (name) => {
    const all = passing(verify(healthy));
    expect(summarize(verify(healthy)).verdict).toBe('pass');
    const lost: readonly VerifyCheckName[] = readings[name];
    const isJudgedByMemory = name === 'memory' ? ['token_statuses'] : [];
    expect(passing(verify(healthy, new Set([name])))).toEqual(
      all.filter((check) => !lost.includes(check) && !isJudgedByMemory.includes(check)),
    );
  });
});

describe('what passes', () => {
  it('has a token that is active and valid, and none whose expiry is not known', () => {
    fc.assert(
      fc.property(world, (of) => {
        if (!passing(verify(of)).includes('token_statuses')) return;
        const active = of.rows.filter((each) => each.active);
        expect(active.some(({ expiresAtMs: at }) => at !== null && at >= nowMs)).toBe(true);
        expect(active.every(({ expiresAtMs }) => expiresAtMs !== null)).toBe(true);
      }),
    );
  });

  it('was seen to work: a sync, a run with an answer, a word of the job, an arrival in time', () => {
    fc.assert(
      fc.property(world, (of) => {
        const passed = passing(verify(of));
        if (passed.includes('syncs')) {
          expect([of.overdue, of.stuck, of.failed, of.oldestSuccessAtMs === null]).toEqual([
            0,
            0,
            false,
            false,
          ]);
        }
        if (passed.includes('cron_jobs')) expect(of.succeeded && of.answers > 0).toBe(true);
        if (passed.includes('job_log')) expect(of.logged).not.toBeNull();
        if (passed.includes('webhooks')) {
          expect(Math.min(of.received, of.measured)).toBeGreaterThanOrEqual(5);
        }
      }),
    );
  });
});

describe('verdicts', () => {
  const finding: fc.Arbitrary<VerifyFinding> = fc.record({
    verdict: fc.constantFrom('fail', 'unknown', 'pass', 'note'),
    text: fc.constant('seen'),
    nextStep: fc.constant(null),
  });

  it('of a check: one failure fails it, and it passes only on evidence with nothing unknown', () => {
    fc.assert(
      fc.property(fc.array(finding, { maxLength: 6 }), (findings) => {
        const has = (verdict: string) => findings.some((each) => each.verdict === verdict);
        const { verdict } = judgeFindings('webhooks', 'p', findings);
        expect(verdict).toBe(
          has('fail') ? 'fail' : has('unknown') || !has('pass') ? 'unknown' : 'pass',
        );
      }),
    );
  });

  it('of all checks: what was not judged neither fails nor passes', () => {
    const check = fc.record({
      check: fc.constant('webhooks' as const),
      provider: fc.constant(null),
      verdict: fc.constantFrom(...verifyVerdicts),
      evidence: fc.constant([]),
      nextStep: fc.constant(null),
    });
    fc.assert(
      fc.property(fc.array(check, { maxLength: 6 }), (checks) => {
        const judged = checks.filter(({ verdict }) => !verdict.startsWith('not_'));
        const verdict = summarize(checks).verdict;
        expect(verdict).toBe(summarize(judged).verdict);
        const isAllFine = judged.length > 0 && judged.every((each) => each.verdict === 'pass');
        expect(verdict === 'pass').toBe(isAllFine);
        expect(verdict === 'fail').toBe(judged.some((each) => each.verdict === 'fail'));
      }),
    );
  });
});
