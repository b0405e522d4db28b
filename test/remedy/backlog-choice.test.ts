import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BacklogSubject } from '../../src/observe/backlog.js';
import { chooseBacklog } from '../../src/remedy/backlog-choice.js';

const newestAtMs = 1_000;

function subjectOf(name: string, tokens: BacklogSubject['tokens']): BacklogSubject {
  return { subject: name, tokens, rows: 1, missing: [1], oldestAtMs: 0, newestAtMs };
}
const active = (id: string) => ({ id, active: true });
const inactive = (id: string) => ({ id, active: false });
const nobodyAsked = new Map<string, number>();

function choose(
  subjects: readonly BacklogSubject[],
  { asked = nobodyAsked, limit = null as number | null, perToken = false } = {},
) {
  return chooseBacklog(subjects, asked, limit, perToken).map((choice) =>
    choice.ask ? choice.tokenIds : choice.because,
  );
}

describe('whom an application is asked to catch up for', () => {
  it('is whoever has an active token, once, whatever inactive ones there are', () => {
    const subjects = [
      subjectOf('a', [inactive('a0'), active('a1'), active('a2')]),
      subjectOf('b', [inactive('b0')]),
      subjectOf('c', []),
    ];
    expect(choose(subjects)).toEqual([['a1'], 'no_active_token', 'no_active_token']);
  });

  it('is each active token, where the endpoint syncs one token', () => {
    const subjects = [subjectOf('a', [inactive('a0'), active('a1'), active('a2')])];
    expect(choose(subjects, { perToken: true })).toEqual([['a1', 'a2']]);
    const asked = new Map([['a1', newestAtMs]]);
    expect(choose(subjects, { perToken: true, asked })).toEqual([['a2']]);
    expect(choose(subjects, { asked })).toEqual(['asked_before']);
  });

  it.each([
    ['before the newest came in', newestAtMs - 1, ['a1']],
    ['exactly when it came in', newestAtMs, 'asked_before'],
    ['after it', newestAtMs + 1, 'asked_before'],
  ])('asked %s', (_, at, expected) => {
    const asked = new Map([['a1', at]]);
    expect(choose([subjectOf('a', [active('a1')])], { asked })).toEqual([expected]);
  });

  it('is no more than the limit, which counts those who are asked only', () => {
    const subjects = ['a', 'b', 'c', 'd'].map((name) => subjectOf(name, [active(name)]));
    const asked = new Map([['b', newestAtMs]]);
    expect(choose(subjects, { asked, limit: 2 })).toEqual([
      ['a'],
      'asked_before',
      ['c'],
      'over_limit',
    ]);
    expect(choose(subjects, { limit: 0 })).toEqual(Array(4).fill('over_limit'));
  });

  it('is in runs of any limit everybody, each once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        (flags, limit, perToken) => {
          const subjects = flags.map((isActive, index) =>
            subjectOf(String(index), [{ id: String(index), active: isActive }]),
          );
          const asked = new Map<string, number>();
          const order: string[] = [];
          for (let run = 0; run <= flags.length; run += 1) {
            const chosen = chooseBacklog(subjects, asked, limit, perToken).flatMap((choice) =>
              choice.ask ? choice.tokenIds : [],
            );
            expect(chosen.length).toBeLessThanOrEqual(limit);
            for (const id of chosen) asked.set(id, newestAtMs + run);
            order.push(...chosen);
          }
          expect(order).toEqual(
            flags.flatMap((isActive, index) => (isActive ? [String(index)] : [])),
          );
        },
      ),
    );
  });
});
