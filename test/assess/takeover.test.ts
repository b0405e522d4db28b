import { describe, expect, it } from 'vitest';
import { decideTakeover } from '../../src/assess/takeover.js';
import type { ForeignClaim, TakeoverDecision } from '../../src/assess/takeover.js';

const minute = 60_000;
const nowMs = 1_000 * minute;
const expired: ForeignClaim = { unseenMs: 15 * minute, expiresAtMs: nowMs - 1 };

describe("another journal's claim", () => {
  it.each<[string, Partial<ForeignClaim>, TakeoverDecision]>([
    ['is taken over when both conditions hold', {}, { takeOver: true }],
    [
      'is left alone one millisecond before the owner was unseen for 15 minutes',
      { unseenMs: 15 * minute - 1 },
      { takeOver: false, because: 'owner_seen' },
    ],
    [
      'is left alone at the very moment the access token expires',
      { expiresAtMs: nowMs },
      { takeOver: false, because: 'not_expired' },
    ],
    [
      'is left alone while the access token lives, however long the owner is away',
      { unseenMs: 10_000 * minute, expiresAtMs: nowMs + 1 },
      { takeOver: false, because: 'not_expired' },
    ],
    [
      'is left alone without an expiry',
      { expiresAtMs: null },
      { takeOver: false, because: 'no_expiry' },
    ],
    [
      'is left alone when the access token never expires',
      { expiresAtMs: Infinity },
      { takeOver: false, because: 'not_expired' },
    ],
  ])('%s', (_name, facts, expected) => {
    expect(decideTakeover({ ...expired, ...facts }, nowMs)).toEqual(expected);
  });
});
