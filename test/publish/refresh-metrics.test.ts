import { describe, expect, it } from 'vitest';
import type { ProviderAssessment } from '../../src/assess/assess-provider.js';
import { nothingKnown } from '../../src/assess/assess.js';
import { pauseReasons } from '../../src/assess/provider-pause.js';
import type { ProviderPause } from '../../src/assess/provider-pause.js';
import { createMetrics } from '../../src/publish/metrics.js';
import {
  afterFailure,
  assessmentOf,
  facts,
  failedPoll,
  goodPoll,
  providerOf,
} from './assessments.js';
import { expose, ours, samples } from './expose.js';

const pauseOf = (reason: ProviderPause['reason']): ProviderPause => ({
  reason,
  sinceMs: null,
  untilMs: null,
  failure: null,
});

/** What is exposed of a refreshed provider after polls that found it like this. */
async function exposed(...states: readonly Partial<ProviderAssessment>[]): Promise<string> {
  const metrics = createMetrics(facts);
  metrics.refresh.declareEvents('fathom');
  metrics.refresh.declareProvider('fathom');
  const polls = states.map(
    (state) => [assessmentOf({ fathom: providerOf(state) }), goodPoll] as const,
  );
  return ours((await expose(polls, metrics)).text.identity);
}

const pausedNow = (exposition: string) =>
  samples(exposition, 'oauth_token_refresh_paused').flatMap(
    (line) => /reason="(\w+)"} 1$/.exec(line)?.[1] ?? [],
  );

describe('the pauses of a refreshed provider', () => {
  it('are there at 0 from the start, one series per reason', async () => {
    expect(samples(await exposed(), 'oauth_token_refresh_paused')).toEqual(
      pauseReasons.map(
        (reason) => `oauth_token_refresh_paused{provider="fathom",reason="${reason}"} 0`,
      ),
    );
  });

  it('are those of the last poll that could ask the memory', async () => {
    const both = { pauses: [pauseOf('retry_after'), pauseOf('breaker')] };
    expect(pausedNow(await exposed(both))).toEqual(['retry_after', 'breaker']);
    expect(pausedNow(await exposed(both, { pauses: null }))).toEqual(['retry_after', 'breaker']);
    expect(pausedNow(await exposed(both, { pauses: [] }))).toEqual([]);
  });

  it('are none of ours where somebody else refreshes', async () => {
    const { text } = await expose([
      [assessmentOf({ fathom: providerOf({ pauses: [pauseOf('breaker')] }) }), goodPoll],
    ]);
    expect(samples(ours(text.identity), 'oauth_token_refresh_paused')).toEqual([]);
  });
});

describe('what the tokens need and the rate allows', () => {
  it('is in refreshes per second, and absent until it is known', async () => {
    expect(samples(await exposed({ demand: null }), 'oauth_token_refresh_demand')).toEqual([]);
    const demand = {
      feasible: false,
      shortage: 'steady',
      neededPerMinute: 180,
      allowedPerMinute: 60,
    } as const;
    const exposition = await exposed({ demand });
    expect(samples(exposition, 'oauth_token_refresh_demand')).toEqual([
      'oauth_token_refresh_demand_per_second{provider="fathom"} 3',
    ]);
    expect(samples(exposition, 'oauth_token_refresh_rate_limit')).toEqual([
      'oauth_token_refresh_rate_limit_per_second{provider="fathom"} 1',
    ]);
  });
});

describe('what is counted', () => {
  it('starts at 0 before the first poll, also of a provider that somebody else refreshes', async () => {
    const metrics = createMetrics(facts);
    metrics.refresh.declareEvents('google');
    metrics.refresh.declareShadowed('fathom');
    const exposition = ours((await expose([], metrics)).text.identity);
    expect(samples(exposition, 'oauth_token')).toEqual(
      expect.arrayContaining([
        'oauth_tokens_disappeared_total{provider="google"} 0',
        'oauth_token_foreign_refreshes_total{provider="google"} 0',
        'oauth_token_refreshes_shadowed_total{provider="fathom"} 0',
      ]),
    );
    expect(samples(exposition, 'oauth_token_refreshes_total')).toEqual([]);
  });

  it('tells requests that were sent again', async () => {
    const metrics = createMetrics(facts);
    metrics.refresh.declareProvider('fathom');
    metrics.refresh.recordAmbiguousRequest('fathom');
    const exposition = ours((await expose([], metrics)).text.identity);
    expect(exposition).toContain('oauth_token_ambiguous_requests_total{provider="fathom"} 1');
  });
});

describe('whether the memory can be used', () => {
  const memoryUp = async (...polls: Parameters<typeof expose>[0][number][]) =>
    samples(ours((await expose(polls)).text.identity), 'oauth_token_exporter_memory_up');
  const fine = assessmentOf({});
  const forgetful = { ...fine, memoryProblem: 'the exporter has no memory' };

  it('is not known before a poll reached the database', async () => {
    expect(await memoryUp()).toEqual([]);
    expect(await memoryUp([afterFailure(nothingKnown), failedPoll])).toEqual([]);
  });

  it('is what the last poll that reached the database found', async () => {
    expect(await memoryUp([fine, goodPoll])).toEqual(['oauth_token_exporter_memory_up 1']);
    const lost = ['oauth_token_exporter_memory_up 0'];
    expect(await memoryUp([fine, goodPoll], [forgetful, goodPoll])).toEqual(lost);
    expect(await memoryUp([forgetful, goodPoll], [afterFailure(forgetful), failedPoll])).toEqual(
      lost,
    );
  });
});
