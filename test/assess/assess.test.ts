import { describe, expect, it } from 'vitest';
import { assess, nothingKnown, sourcesSeen } from '../../src/assess/assess.js';
import { nothingRemembered } from '../../src/assess/memories.js';
import type { Assessment, PollResult } from '../../src/assess/assess.js';
import type { ProviderObservation } from '../../src/observe/observe.js';
import { known, unknown } from '../../src/observe/reading.js';
import { noSurroundings } from '../../src/observe/surroundings.js';
import type { ExpiryCounts } from '../../src/observe/expiry-counts.js';
import type { TokenObservation } from '../../src/observe/tokens.js';

const now = new Date('2025-11-29T12:00:00Z');
const later = new Date('2025-11-29T12:00:30Z');
const hourMs = 3_600_000;

const none: ExpiryCounts = {
  total: 0,
  withoutExpiry: 0,
  beforeNow: 0,
  beforeSoon: 0,
  beforeWindow: { '1h': 0, '24h': 0, '7d': 0, '30d': 0, '90d': 0 },
};
const active: ExpiryCounts = {
  total: 20,
  withoutExpiry: 3,
  beforeNow: 4,
  beforeSoon: 9,
  beforeWindow: { '1h': 5, '24h': 7, '7d': 9, '30d': 12, '90d': 17 },
};
const inactive: ExpiryCounts = {
  ...none,
  total: 2,
  beforeNow: 1,
  beforeSoon: 2,
  beforeWindow: { '1h': 1, '24h': 2, '7d': 2, '30d': 2, '90d': 2 },
};
const tokens: TokenObservation = {
  active,
  inactive,
  earliestExpiresAtMs: now.getTime() - hourMs,
  mostUrgent: [{ id: 'a', active: true, expiresAtMs: now.getTime() - hourMs }],
  rows: null,
};
const lag = {
  oldestSuccessAtMs: now.getTime() - 5 * hourMs,
  lagging: { '1h': 2, '6h': 0, '24h': 0, '7d': 0 },
  overdue: 1,
  lastSuccess: [{ id: 'a', atMs: now.getTime() - 5 * hourMs }],
};

const source = (name: string, reading: ProviderObservation['sources'][number]['reading']) => ({
  name,
  optional: name !== 'app:tokens',
  reading,
});
const config = {
  sources: [
    { name: 'app:tokens', optional: false },
    { name: 'app:log', optional: true },
  ],
  providers: [
    {
      name: 'app',
      declaredLifetimeMs: null,
      expiringSoonMs: 604_800_000,
      refresh: null,
      syncs: null,
      jobs: null,
      webhooks: null,
    },
  ],
  cron: null,
  pollIntervalMs: 30_000,
};

/** A poll that saw everything, but for what `changes` says. */
function poll(changes: Partial<ProviderObservation> = {}, at = now): PollResult {
  const provider: ProviderObservation = {
    name: 'app',
    tokens: known(tokens),
    syncs: { lag: known(lag), stuck: known(1), failures: null },
    sources: [source('app:tokens', known(1)), source('app:log', known(1))],
    ...changes,
  };
  return {
    ok: true,
    observation: { now: at, clockSkewMs: 0, providers: [provider], surroundings: noSurroundings },
  };
}

const outage: PollResult = {
  ok: false,
  failure: { reason: 'unreachable', message: 'nothing listens', remedy: 'start it' },
};
const gone = unknown('missing', 'the table is gone', 'create it');
/** Without tokens nothing is asked of the syncs: that source was not reached. */
const withoutTokens = poll(
  {
    tokens: gone,
    syncs: { lag: gone, stuck: null, failures: null },
    sources: [source('app:tokens', gone)],
  },
  later,
);

const after = (...results: readonly PollResult[]): Assessment =>
  results.reduce((known, result) => assess(result, nothingRemembered, known, config), nothingKnown);
const app = ({ providers }: Assessment) => providers.get('app');

describe('a poll that saw everything', () => {
  it('says how many tokens have each status, active or not', () => {
    expect(app(after(poll()))?.tokens).toMatchObject({
      total: 22,
      active: { valid: 8, expiring_soon: 5, expired: 4, unknown: 3 },
      inactive: { valid: 0, expiring_soon: 1, expired: 1, unknown: 0 },
      earliestExpiresAtMs: tokens.earliestExpiresAtMs,
      mostUrgent: tokens.mostUrgent,
    });
  });

  it('counts within a window what has not expired yet', () => {
    expect(app(after(poll()))?.tokens?.expiringWithin).toEqual({
      '1h': 1,
      '24h': 4,
      '7d': 6,
      '30d': 9,
      '90d': 14,
    });
  });

  it('is complete', () => {
    expect(after(poll())).toMatchObject({ observedAt: now, complete: true, databaseFailure: null });
  });

  it.each([
    ['hours ago', now.getTime() - 5 * hourMs, 5 * hourMs],
    ['exactly now', now.getTime(), 0],
    ['in the future', now.getTime() + 1, 0],
    ['never', null, null],
  ])('measures the lag of a last success %s', (_, oldestSuccessAtMs, maxLagMs) => {
    const syncs = { lag: known({ ...lag, oldestSuccessAtMs }), stuck: null, failures: null };
    expect(app(after(poll({ syncs })))?.syncs?.maxLagMs).toBe(maxLagMs);
  });

  it('knows of no syncs where none are configured', () => {
    expect(app(after(poll({ syncs: null })))).toMatchObject({ syncs: null, stuckSyncs: null });
  });
});

describe('what a poll could not see', () => {
  it('is not known, and not zero, while it never was', () => {
    expect(nothingKnown).toMatchObject({ observedAt: null, complete: false });
    expect(app(after(withoutTokens))).toMatchObject({
      tokens: null,
      syncs: null,
      stuckSyncs: null,
      syncFailures: null,
      grants: null,
      pauses: null,
      demand: null,
    });
    expect(after(outage).providers.size).toBe(0);
  });

  it('keeps its last value', () => {
    const assessment = after(poll(), withoutTokens);
    expect(app(assessment)).toEqual(app(after(poll())));
    expect(assessment.sources.get('app:log')).toMatchObject({ up: true });
    expect(assessment).toMatchObject({ complete: false, observedAt: later, databaseFailure: null });
  });

  it('keeps its last value also where only the syncs failed', () => {
    const failed = unknown('failed', 'it failed', 'look');
    const assessment = after(
      poll(),
      poll({
        tokens: known({ ...tokens, active: none }),
        syncs: { lag: failed, stuck: failed, failures: failed },
      }),
    );
    expect(app(assessment)?.tokens?.total).toBe(2);
    expect(app(assessment)?.syncs).toEqual(app(after(poll()))?.syncs);
    expect(app(assessment)?.stuckSyncs).toBe(1);
  });

  it('is replaced as soon as it is seen again', () => {
    const assessment = after(poll(), withoutTokens, poll({}, later));
    expect(assessment).toMatchObject({ complete: true, observedAt: later });
  });
});

describe('an outage of the database', () => {
  it('freezes everything known, and says why', () => {
    const before = after(poll());
    const during = after(poll(), outage, outage);
    expect(during.providers).toEqual(before.providers);
    expect(during).toMatchObject({
      observedAt: now,
      complete: false,
      databaseFailure: { reason: 'unreachable', message: 'nothing listens' },
    });
    expect([...during.sources.values()]).toMatchObject([
      { name: 'app:tokens', state: 'unreachable', up: false, reason: 'nothing listens' },
      { name: 'app:log', state: 'unreachable', up: false },
    ]);
  });

  it('is over with the first poll that reaches it', () => {
    const assessment = after(poll(), outage, poll({}, later));
    expect(assessment).toMatchObject({ complete: true, databaseFailure: null, observedAt: later });
    expect([...assessment.sources.values()].every(({ up }) => up === true)).toBe(true);
  });

  it('does not make an optional source one that was seen', () => {
    const absent = poll({
      sources: [source('app:tokens', known(1)), source('app:log', gone)],
    });
    const assessment = after(absent, outage, absent);
    expect(assessment.sources.get('app:log')).toMatchObject({ state: 'absent', up: null });
    expect(assessment.complete).toBe(true);
    expect([...sourcesSeen(assessment)]).toEqual(['app:tokens']);
  });

  it('does not make one that was seen be forgotten', () => {
    const vanished = poll({
      sources: [source('app:tokens', known(1)), source('app:log', gone)],
    });
    const assessment = after(poll(), outage, vanished);
    expect(assessment.sources.get('app:log')).toMatchObject({ state: 'missing', up: false });
    expect(assessment.complete).toBe(false);
    expect([...sourcesSeen(after(poll(), outage))]).toEqual(['app:tokens', 'app:log']);
  });
});
