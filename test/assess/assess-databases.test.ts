import { describe, expect, it } from 'vitest';
import { assessDatabases } from '../../src/assess/assess-databases.js';
import { nothingKnown, observedAtOf, wasRead } from '../../src/assess/assess.js';
import type { PollResult } from '../../src/assess/assess.js';
import { runAtOnce } from '../../src/assess/slices.js';
import { nothingRemembered } from '../../src/assess/memories.js';
import { known } from '../../src/observe/reading.js';
import { noSurroundings } from '../../src/observe/surroundings.js';
import { databaseAway } from '../publish/assessments.js';

const provider = (name: string) => ({
  name,
  declaredLifetimeMs: null,
  expiringSoonMs: 0,
  refresh: null,
  syncs: null,
  jobs: null,
  webhooks: null,
});
const sourceOf = (name: string) => ({ name: `${name}:tokens`, optional: false });
const config = {
  sources: ['p', 'q'].map(sourceOf),
  databases: [
    { name: 'a', sources: [sourceOf('p')] },
    { name: 'b', sources: [sourceOf('q')] },
  ],
  providers: ['p', 'q'].map(provider),
  cron: null,
  pollIntervalMs: 30_000,
};

function observed(name: string, atMs: number, total: number): PollResult {
  const none = { withoutExpiry: 0, beforeNow: 0, beforeSoon: 0 };
  const counts = { ...none, beforeWindow: { '1h': 0, '24h': 0, '7d': 0, '30d': 0, '90d': 0 } };
  const reading = known({
    active: { ...counts, total },
    inactive: { ...counts, total: 0 },
    earliestExpiresAtMs: null,
    mostUrgent: [],
    rows: null,
  });
  return {
    ok: true,
    observation: {
      now: new Date(atMs),
      clockSkewMs: 0,
      providers: [
        { name, tokens: reading, syncs: null, sources: [{ ...sourceOf(name), reading }] },
      ],
      surroundings: noSurroundings,
    },
  };
}

const away: PollResult = { ok: false, failure: databaseAway };
const after = (previous = nothingKnown, results: Readonly<Record<string, PollResult>> = {}) =>
  runAtOnce(
    assessDatabases(
      Object.entries(results).map(([database, result]) => ({ database, result })),
      nothingRemembered,
      previous,
      config,
    ),
  );
const [inA, inB] = [{ database: 'a' }, { database: 'b' }];

describe('a poll of several databases', () => {
  it('is complete only when each has answered once', () => {
    const first = after(nothingKnown, { b: observed('q', 1_000, 2) });
    expect(first).toMatchObject({ complete: false, databaseFailure: null });
    expect([wasRead(first, inA), wasRead(first, inB)]).toEqual([false, true]);
    const second = after(first, { a: observed('p', 900, 1) });
    expect(second.complete).toBe(true);
    // In the order of the configuration, whoever answered first.
    expect([...second.providers.keys()]).toEqual(['p', 'q']);
    expect([...second.sources.keys()]).toEqual(['p:tokens', 'q:tokens']);
  });

  it('judges each by its own clock, and what is common by the one that is ahead', () => {
    const both = after(nothingKnown, { a: observed('p', 5_000, 1), b: observed('q', 4_000, 2) });
    expect([observedAtOf(both, 'p'), observedAtOf(both, 'q')]).toEqual([
      new Date(5_000),
      new Date(4_000),
    ]);
    expect(both.observedAt).toEqual(new Date(5_000));
  });

  it('leaves what lies in one that is away as it was, until that answers again', () => {
    const before = after(nothingKnown, { a: observed('p', 1_000, 1), b: observed('q', 1_000, 2) });
    const during = after(before, { a: observed('p', 2_000, 5), b: away });
    expect(during).toMatchObject({ complete: false, databaseFailure: null });
    expect(during.unread).toEqual(new Map([['b', databaseAway]]));
    expect(during.providers.get('q')).toBe(before.providers.get('q'));
    expect(during.providers.get('p')?.tokens?.total).toBe(5);
    expect([...during.sources.values()].map(({ up }) => up)).toEqual([true, false]);
    // Asked again and not heard of yet: it is still away.
    const later = after(during, { a: observed('p', 3_000, 5) });
    expect(later.unread).toEqual(new Map([['b', databaseAway]]));
    const back = after(later, { b: observed('q', 3_500, 2) });
    expect(back.unread).toEqual(new Map([['a', null]]));
    expect(back.complete).toBe(true);
  });

  it('has failed as a whole only when all are away', () => {
    const none = after(nothingKnown, { a: away, b: away });
    expect(none).toMatchObject({ complete: false, databaseFailure: databaseAway });
  });
});
