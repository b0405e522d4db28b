import { describe, expect, it } from 'vitest';
import type { JudgedToken } from '../../src/assess/grants.js';
import { createShadow } from '../../src/refresh/shadow.js';

const token = (tokenId: string, dueAtMs: number, isDue = true): JudgedToken => ({
  tokenId,
  dueAtMs,
  isDue,
  expiresAtMs: null,
  refreshedAtMs: null,
  failedLastTime: false,
});

describe('a provider in shadow mode', () => {
  it('counts a due token once, however many polls find it', () => {
    const count = createShadow();
    const tokens = [token('a', 1), token('b', 2), token('c', 3, false)];
    expect(count(tokens)).toEqual({ due: 2, newlyDue: 2 });
    expect(count(tokens)).toEqual({ due: 2, newlyDue: 0 });
  });

  it('counts it again once it is due for another expiry', () => {
    const count = createShadow();
    count([token('a', 1), token('b', 1)]);
    expect(count([token('a', 50, false), token('b', 1)])).toEqual({ due: 1, newlyDue: 0 });
    expect(count([token('a', 50), token('b', 1)])).toEqual({ due: 2, newlyDue: 1 });
  });

  it('counts it again when the application refreshed it between two polls and it is due again', () => {
    const count = createShadow();
    count([token('a', 1)]);
    expect(count([token('a', 2)])).toEqual({ due: 1, newlyDue: 1 });
  });
});
