import { describe, expect, it } from 'vitest';
import { pollFailureReasons } from '../../src/database/explain-database-error.js';
import { createMetrics } from '../../src/publish/metrics.js';
import {
  afterFailure,
  assessmentOf,
  at,
  facts,
  failedPoll,
  goodPoll,
  incident,
  providerOf,
  sourceOf,
  tokensOf,
} from './assessments.js';
import { expose, exposeText, ours, samples } from './expose.js';

const all = async (...polls: Parameters<typeof expose>[0][number][]) =>
  ours((await expose(polls)).text.identity);

describe('before the first poll', () => {
  it('starts every counter at 0, with each of its reasons', async () => {
    const exposition = await all();
    expect(samples(exposition, 'oauth_token_exporter_polls')).toEqual([
      'oauth_token_exporter_polls_total 0',
      'oauth_token_exporter_polls_skipped_total 0',
    ]);
    expect(samples(exposition, 'oauth_token_exporter_poll_failures_total')).toEqual(
      pollFailureReasons.map(
        (reason) => `oauth_token_exporter_poll_failures_total{reason="${reason}"} 0`,
      ),
    );
    expect(samples(exposition, 'oauth_token_exporter_poll_duration_seconds_count')).toEqual([
      'oauth_token_exporter_poll_duration_seconds_count 0',
    ]);
  });

  it('says of itself what it knows, and of the tokens nothing', async () => {
    const exposition = await all();
    expect(samples(exposition, 'oauth_token_exporter_build_info')).toEqual([
      'oauth_token_exporter_build_info{version="1.2.3",demo="false"} 1',
    ]);
    expect(samples(exposition, 'oauth_token_exporter_poll_interval_seconds')).toEqual([
      'oauth_token_exporter_poll_interval_seconds 30',
    ]);
    expect(samples(exposition, 'oauth_token_exporter_poll_last_success')).toEqual([]);
    expect(samples(exposition, 'oauth_token_exporter_source')).toEqual([]);
    expect(samples(exposition, 'oauth_token_exporter_clock_skew')).toEqual([]);
    expect(samples(exposition).filter((line) => !line.startsWith('oauth_token_exporter_'))).toEqual(
      [],
    );
  });

  it('marks a demo', async () => {
    const { text } = await expose([], createMetrics({ ...facts, demo: true }));
    expect(text.identity.toString()).toContain('_build_info{version="1.2.3",demo="true"} 1');
  });
});

describe('after polls', () => {
  it('shows all eight counts of a provider, zeros too', async () => {
    const exposition = await exposeText(assessmentOf({ empty: providerOf() }));
    expect(samples(exposition, 'oauth_tokens{')).toHaveLength(8);
    expect(samples(exposition, 'oauth_tokens{').every((line) => line.endsWith(' 0'))).toBe(true);
  });

  it('has no instant at the epoch: what is not known is absent', async () => {
    const nothing = assessmentOf({
      empty: providerOf({
        syncs: {
          maxLagMs: null,
          lagging: { '1h': 0, '6h': 0, '24h': 0, '7d': 0 },
          overdue: 0,
          lastSuccess: [],
        },
      }),
    });
    const exposition = await exposeText({ ...nothing, observedAt: null, complete: false });
    expect(samples(exposition).filter((line) => line.includes('timestamp'))).toEqual([]);
    expect(samples(exposition, 'oauth_sync_lag_max_seconds')).toEqual([]);
  });

  it('takes the earliest expiration and the lag away when there is none any more', async () => {
    const exposition = await exposeText(
      incident,
      assessmentOf({
        fathom: providerOf({
          tokens: tokensOf({ total: 1 }),
          syncs: {
            maxLagMs: null,
            lagging: { '1h': 0, '6h': 0, '24h': 0, '7d': 0 },
            overdue: 0,
            lastSuccess: [],
          },
        }),
      }),
    );
    expect(samples(exposition, 'oauth_token_earliest_expiration')).toEqual([]);
    expect(samples(exposition, 'oauth_sync_lag_max_seconds')).toEqual([]);
    expect(samples(exposition, 'oauth_sync_last_success')).toEqual([]);
  });

  it('keeps the earliest expiration of the years that are far away', async () => {
    const expires = (iso: string) =>
      exposeText(
        assessmentOf({
          fathom: providerOf({ tokens: tokensOf({ earliestExpiresAtMs: at(iso) }) }),
        }),
      );
    expect(await expires('+275000-01-01T00:00:00Z')).toContain('{provider="fathom"} 8615994624000');
    expect(await expires('1970-01-01T00:00:00Z')).toContain('{provider="fathom"} 0');
  });

  it('names a source once, in the state it has now', async () => {
    const before = assessmentOf({}, [sourceOf('fathom:tokens')]);
    const denied = sourceOf('fathom:tokens', { state: 'denied', up: false });
    const exposition = await exposeText(before, assessmentOf({}, [denied]));
    expect(samples(exposition, 'oauth_token_exporter_source')).toEqual([
      'oauth_token_exporter_source_up{source="fathom:tokens"} 0',
      'oauth_token_exporter_source_info{source="fathom:tokens",state="denied"} 1',
    ]);
  });

  it('gives a source that may be absent no up or down', async () => {
    const absent = sourceOf('fathom:cron_job_logs', { state: 'absent', up: null });
    const exposition = await exposeText(assessmentOf({}, [absent]));
    expect(samples(exposition, 'oauth_token_exporter_source')).toEqual([
      'oauth_token_exporter_source_info{source="fathom:cron_job_logs",state="absent"} 1',
    ]);
  });

  it('counts skipped ticks', async () => {
    const metrics = createMetrics(facts);
    metrics.recordSkippedPoll();
    metrics.recordSkippedPoll();
    const { text } = await expose([[incident, goodPoll]], metrics);
    expect(text.identity.toString()).toMatch(/^oauth_token_exporter_polls_skipped_total 2$/m);
  });

  it.each<[string, Parameters<typeof expose>[0]]>([
    ['before it brought anything', []],
    ['after it was recorded, while it was shown', [[incident, goodPoll]]],
  ])('counts a poll once that a fault of the exporter ended %s', async (_, polls) => {
    const metrics = createMetrics(facts);
    if (polls.length === 0) metrics.recordPollStarted();
    await expose(polls, metrics);
    metrics.recordFaultyPoll();
    const exposition = (await expose([], metrics)).text.identity.toString();
    expect(exposition).toMatch(/^oauth_token_exporter_polls_total 1$/m);
    expect(exposition).toMatch(
      /^oauth_token_exporter_poll_failures_total\{reason="internal"\} 1$/m,
    );
  });

  it('keeps every value when a poll fails, and changes only what tells of the failure', async () => {
    const complete = assessmentOf(Object.fromEntries(incident.providers), [
      sourceOf('fathom:tokens'),
      sourceOf('fathom:cron_job_logs', { state: 'absent', up: null }),
    ]);
    const before = samples(await all([complete, goodPoll]));
    const after = samples(await all([complete, goodPoll], [afterFailure(complete), failedPoll]));
    expect(after.filter((line) => !before.includes(line))).toEqual([
      'oauth_token_exporter_poll_failures_total{reason="unreachable"} 1',
      'oauth_token_exporter_polls_total 2',
      'oauth_token_exporter_poll_duration_seconds_bucket{le="5"} 2',
      'oauth_token_exporter_poll_duration_seconds_bucket{le="10"} 2',
      'oauth_token_exporter_poll_duration_seconds_bucket{le="30"} 2',
      'oauth_token_exporter_poll_duration_seconds_bucket{le="+Inf"} 2',
      'oauth_token_exporter_poll_duration_seconds_sum 4.542',
      'oauth_token_exporter_poll_duration_seconds_count 2',
      'oauth_token_exporter_source_up{source="fathom:tokens"} 0',
      'oauth_token_exporter_source_info{source="fathom:tokens",state="unreachable"} 1',
    ]);
    expect(after).toHaveLength(before.length);
  });

  it('does not call a poll successful that could not read everything', async () => {
    const exposition = await exposeText(incident);
    expect(incident.complete).toBe(false);
    expect(samples(exposition, 'oauth_token_exporter_poll_last_success')).toEqual([]);
  });
});
