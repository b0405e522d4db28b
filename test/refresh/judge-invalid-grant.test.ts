import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeInvalidGrant } from '../../src/refresh/judge-invalid-grant.js';
import type { InvalidGrantSuspicion } from '../../src/refresh/judge-invalid-grant.js';

const confirmAfterMs = 60_000;
const first: InvalidGrantSuspicion = { suspectedAtMs: 1000, fingerprint: 'a' };

function judge(
  earlier: InvalidGrantSuspicion | null,
  atMs: number,
  usedFingerprint: string,
  currentFingerprint: string | null,
) {
  return judgeInvalidGrant(earlier, { atMs, usedFingerprint, currentFingerprint }, confirmAfterMs);
}

describe('an invalid_grant', () => {
  it('is a suspicion the first time', () => {
    expect(judge(null, 1000, 'a', 'a')).toEqual({
      kind: 'suspected',
      suspicion: first,
      notBeforeMs: 61_000,
    });
  });

  it('proves the grant dead when it comes again on the same refresh token after the wait', () => {
    expect(judge(first, 61_000, 'a', 'a')).toEqual({ kind: 'dead' });
  });

  it('proves nothing a millisecond too early, and does not start the wait again', () => {
    expect(judge(first, 60_999, 'a', 'a')).toEqual({
      kind: 'suspected',
      suspicion: first,
      notBeforeMs: 61_000,
    });
  });

  it('starts anew on another refresh token', () => {
    expect(judge(first, 100_000, 'b', 'b')).toEqual({
      kind: 'suspected',
      suspicion: { suspectedAtMs: 100_000, fingerprint: 'b' },
      notBeforeMs: 160_000,
    });
  });

  it.each([
    ['the first time', null],
    ['the second time', first],
  ])('is no failure when the row holds another refresh token by then: %s', (_, earlier) => {
    expect(judge(earlier, 100_000, 'a', 'b')).toEqual({ kind: 'superseded' });
    expect(judge(earlier, 100_000, 'a', null)).toEqual({ kind: 'superseded' });
  });

  it('never proves a grant dead without an earlier one on the refresh token in the row', () => {
    const fingerprint = fc.constantFrom('a', 'b');
    fc.assert(
      fc.property(
        fc.option(fc.record({ suspectedAtMs: fc.integer({ min: 0, max: 200_000 }), fingerprint })),
        fc.integer({ min: 0, max: 200_000 }),
        fingerprint,
        fc.option(fingerprint),
        (earlier, atMs, used, current) => {
          if (judge(earlier, atMs, used, current).kind !== 'dead') return;
          expect(earlier?.fingerprint).toBe(used);
          expect(current).toBe(used);
          expect(atMs - (earlier?.suspectedAtMs ?? 0)).toBeGreaterThanOrEqual(confirmAfterMs);
        },
      ),
    );
  });
});
