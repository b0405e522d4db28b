import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { describeWith } from '../support/describe-with.js';
import { promtool } from '../support/prometheus.js';
import { createMetrics } from '../../src/publish/metrics.js';
import { endedWatch, facts, failedPoll, goodPoll, incident } from './assessments.js';
import { expose, ours } from './expose.js';

/** The exporter refreshes the tokens of one of the two providers. */
const exposition = () => {
  const metrics = createMetrics(facts);
  metrics.refresh.declareEvents('fathom');
  metrics.refresh.declareEvents('google');
  metrics.refresh.declareProvider('fathom');
  metrics.refresh.recordJournal(true);
  metrics.notify.declareChannel('slack');
  metrics.notify.recordDelivered('slack');
  metrics.notify.recordOutbox({ pending: 2, oldestEnqueuedAtMs: 1_764_231_125_000 });
  metrics.watch.record([endedWatch]);
  return expose([[incident, goodPoll]], metrics);
};

describe('the exposition', () => {
  it('is the golden one in the text format', async () => {
    const { text } = await exposition();
    await expect(ours(text.identity)).toMatchFileSnapshot('golden/metrics.txt');
    expect(text.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('is the golden one in OpenMetrics', async () => {
    const { openMetrics } = await exposition();
    await expect(ours(openMetrics.identity)).toMatchFileSnapshot('golden/metrics.openmetrics.txt');
    expect(openMetrics.contentType).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    );
  });

  it('says the same compressed', async () => {
    const { text, openMetrics } = await exposition();
    for (const { identity, gzip } of [text, openMetrics]) {
      const plain = Buffer.concat(identity);
      expect(gunzipSync(gzip).equals(plain)).toBe(true);
      expect(gzip.length).toBeLessThan(plain.length);
    }
  });

  it('stays the same however often it is rendered', async () => {
    const first = await exposition();
    const later = await exposition();
    expect(ours(later.text.identity)).toBe(ours(first.text.identity));
    expect(ours(later.openMetrics.identity)).toBe(ours(first.openMetrics.identity));
  });

  it('holds the same samples in both formats', async () => {
    const { text, openMetrics } = await exposition();
    const samplesOf = (body: readonly Buffer[]) =>
      ours(body)
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'));
    expect(samplesOf(openMetrics.identity)).toEqual(samplesOf(text.identity));
  });

  it('obeys OpenMetrics where that is stricter: no empty line, an end, counters named without _total', async () => {
    const { openMetrics } = await exposition();
    const body = Buffer.concat(openMetrics.identity).toString();
    expect(body).not.toContain('\n\n');
    expect(body.endsWith('\n# EOF\n')).toBe(true);
    expect(body).not.toMatch(/^# TYPE \S+_total counter$/m);
    expect(body).toMatch(/^# TYPE oauth_token_exporter_polls counter$/m);
    expect(body).toMatch(/^oauth_token_exporter_polls_total 1$/m);
    const metadata = [...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(new Set(metadata).size).toBe(metadata.length);
  });
});

describeWith('prometheus', 'promtool', () => {
  it('has nothing to say about our metrics', async () => {
    for (const polls of [[], [[incident, goodPoll]], [[incident, failedPoll]]] as const) {
      const { text } = await expose(polls);
      expect(await promtool(['check', 'metrics'], ours(text.identity))).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
    }
  });
});
