import { describe, expect, it } from 'vitest';
import { nothingKnown, type Assessment, type PollResult } from '../../src/assess/assess.js';
import { nothingRemembered } from '../../src/assess/memories.js';
import { runCycle, type CycleEffects } from '../../src/cycle.js';
import type { Observation } from '../../src/observe/observe.js';
import { known, unknown } from '../../src/observe/reading.js';
import { noSurroundings } from '../../src/observe/surroundings.js';
import { databaseAway } from '../publish/assessments.js';

const now = new Date('2025-11-29T08:00:00Z');
const sources = [{ name: 'fathom:tokens', optional: false }];
const config = {
  sources,
  databases: [{ name: 'default', sources }],
  providers: [
    {
      name: 'fathom',
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
const noCounts = {
  total: 2,
  withoutExpiry: 0,
  beforeNow: 1,
  beforeSoon: 1,
  beforeWindow: { '1h': 1, '24h': 1, '7d': 1, '30d': 1, '90d': 1 },
};
const tokens = known({
  active: noCounts,
  inactive: { ...noCounts, total: 0 },
  earliestExpiresAtMs: null,
  mostUrgent: [],
  rows: null,
});

function observing(reading: Observation['providers'][number]['tokens']): PollResult {
  return {
    ok: true,
    observation: {
      now,
      clockSkewMs: 12,
      providers: [
        {
          name: 'fathom',
          tokens: reading,
          syncs: null,
          sources: [{ name: 'fathom:tokens', optional: false, reading }],
        },
      ],
      surroundings: noSurroundings,
    },
  };
}

/** Runs one poll and tells what it did, in order. */
async function poll(result: PollResult, previous: Assessment = nothingKnown) {
  const told: string[] = [];
  let clockMs = 1_000;
  const effects: CycleEffects = {
    observe: (before) => {
      told.push(`observe, knowing ${before === previous ? 'what was known' : 'something else'}`);
      const askedAtMs = clockMs;
      clockMs += 250;
      return Promise.resolve([{ database: 'default', result, askedAtMs }]);
    },
    remember: () => {
      told.push('remember');
      return Promise.resolve(nothingRemembered);
    },
    tell: (assessment, memories) => {
      expect(memories).toBe(nothingRemembered);
      told.push(`tell people, ${assessment.databaseFailure?.reason ?? 'with evidence'}`);
    },
    refresh: () => {
      told.push('refresh what is due');
    },
    publish: (assessment, record) => {
      told.push(
        `publish ${assessment.complete ? 'all' : 'not all'}, ${JSON.stringify({ ...record, clockSkewsMs: [...record.clockSkewsMs] })}`,
      );
      clockMs += 1_000;
      return Promise.resolve();
    },
    watch: (assessment, before) => {
      expect(before).toBe(previous);
      told.push(`watch what was found${assessment.databaseFailure === null ? '' : ' to be away'}`);
      return Promise.resolve();
    },
    report: (assessment, record, before) => {
      expect(before).toBe(previous);
      told.push(
        `report ${assessment.databaseFailure?.reason ?? record.failureReason ?? 'success'}`,
      );
    },
    monotonicMs: () => clockMs,
  };
  const assessment = await runCycle(effects, config, previous);
  return { told, assessment };
}

describe('one poll', () => {
  it('observes, remembers, assesses, publishes, tells, refreshes, watches and reports, in this order', async () => {
    const { told, assessment } = await poll(observing(tokens));
    expect(told).toEqual([
      'observe, knowing what was known',
      'remember',
      'publish all, {"durationMs":250,"failureReason":null,"clockSkewsMs":[["default",12]]}',
      'tell people, with evidence',
      'refresh what is due',
      'watch what was found',
      'report success',
    ]);
    expect(assessment.observedAt).toEqual(now);
    expect(assessment.providers.get('fathom')?.tokens?.active.expired).toBe(1);
  });

  it('keeps what was known when the database is away, and says why', async () => {
    const { assessment: before } = await poll(observing(tokens));
    const { told, assessment } = await poll({ ok: false, failure: databaseAway }, before);
    expect(told).toEqual([
      'observe, knowing what was known',
      'publish not all, {"durationMs":250,"failureReason":"unreachable","clockSkewsMs":[]}',
      'tell people, unreachable',
      'watch what was found to be away',
      'report unreachable',
    ]);
    expect(assessment.providers).toEqual(before.providers);
    expect(assessment.observedAt).toEqual(now);
    expect(assessment.sources.get('fathom:tokens')).toMatchObject({ up: false });
  });

  it('fails for its sources when it reached the database and could not read one', async () => {
    const { told, assessment } = await poll(observing(unknown('missing', 'it is gone', 'mend it')));
    expect(told.at(-1)).toBe('report source');
    expect(assessment.complete).toBe(false);
  });

  it('does not hide a fault of the exporter', async () => {
    const effects: CycleEffects = {
      observe: () => Promise.reject(new TypeError('a bug')),
      remember: () => Promise.resolve(nothingRemembered),
      tell: () => undefined,
      refresh: () => undefined,
      publish: () => Promise.resolve(),
      watch: () => Promise.resolve(),
      report: () => undefined,
      monotonicMs: () => 0,
    };
    await expect(runCycle(effects, config, nothingKnown)).rejects.toThrow('a bug');
  });
});
