import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Exposition } from '../../src/publish/exposition.js';
import type { Readiness } from '../../src/publish/readiness.js';
import { createApp, listen, type ListeningServer } from '../../src/publish/server.js';
import { goodPoll, incident } from './assessments.js';
import { expose } from './expose.js';
import { request } from './request.js';

let exposition: Exposition;
let readiness: Readiness = { ready: true };
let server: ListeningServer;
beforeAll(async () => {
  exposition = await expose([[incident, goodPoll]]);
  const app = createApp({
    exposition: () => exposition,
    readiness: () => readiness,
  });
  server = await listen(app, { host: '127.0.0.1', port: 0 });
});
afterAll(() => server.close());

const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  request(`${server.url}${path}`, { headers });

const prometheus2 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,' +
  'text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const prometheus3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,' +
  'application/openmetrics-text;version=0.0.1;q=0.4,' +
  'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1';
const prometheus3Protobuf =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,' +
  prometheus3;

describe('the format of /metrics', () => {
  it.each([
    ['no Accept header', undefined, 'text'],
    ['curl', '*/*', 'text'],
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text'],
    ['Prometheus 2.42', prometheus2, 'openMetrics'],
    ['Prometheus 3', prometheus3, 'openMetrics'],
    ['Prometheus 3 with native histograms', prometheus3Protobuf, 'openMetrics'],
    ['vmagent', 'text/plain;version=0.0.4;q=1,*/*;q=0.1', 'text'],
    ['OpenMetrics only', 'application/openmetrics-text', 'openMetrics'],
    ['OpenMetrics with its version', 'application/openmetrics-text; version=1.0.0', 'openMetrics'],
    [
      'OpenMetrics with its charset',
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
      'openMetrics',
    ],
    ['text with its version', 'text/plain; version=0.0.4', 'text'],
    [
      'text preferred to OpenMetrics',
      'application/openmetrics-text;q=0.5,text/plain;q=0.7',
      'text',
    ],
    ['OpenMetrics refused', 'application/openmetrics-text;q=0,*/*', 'text'],
    ['an OpenMetrics that is not ours', 'application/openmetrics-text; version=2.0.0', 'text'],
    ['nothing we have', 'application/json', 'text'],
    ['nonsense', ';;q=,,"\\', 'text'],
  ] as const)('is right for %s', async (_, accept, format) => {
    const answer = await get('/metrics', accept === undefined ? {} : { Accept: accept });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe(exposition[format].contentType);
    expect(answer.body.equals(Buffer.concat(exposition[format].identity))).toBe(true);
  });
});

describe('the encoding of /metrics', () => {
  it.each([
    ['gzip', true],
    ['gzip, deflate, br, zstd', true],
    ['*', true],
    ['deflate, gzip;q=1.0, *;q=0.5', true],
    [undefined, false],
    ['', false],
    ['identity', false],
    ['gzip;q=0', false],
    ['gzip;q=0, identity', false],
    ['identity;q=1, gzip;q=0.5', false],
    ['br', false],
    ['nonsense;;q=x', false],
  ] as const)('for %j: gzip %s', async (encoding, gzipped) => {
    const headers = encoding === undefined ? {} : { 'Accept-Encoding': encoding };
    const { status, headers: answered, body } = await get('/metrics', headers);
    expect(status).toBe(200);
    expect(answered['content-encoding']).toBe(gzipped ? 'gzip' : undefined);
    expect(answered['content-length']).toBe(String(body.length));
    const plain = gzipped ? gunzipSync(body) : body;
    expect(plain.equals(Buffer.concat(exposition.text.identity))).toBe(true);
  });

  it('is chosen apart from the format', async () => {
    const headers = { Accept: prometheus2, 'Accept-Encoding': 'gzip' };
    const { headers: answered, body } = await get('/metrics', headers);
    expect(answered['content-type']).toContain('openmetrics');
    expect(body.equals(exposition.openMetrics.gzip)).toBe(true);
  });

  it('tells caches what it depends on', async () => {
    const { headers } = await get('/metrics');
    expect(headers.vary).toBe('Accept, Accept-Encoding');
  });
});

describe('a client that asks again', () => {
  it.each([
    ['with the same wishes', { Accept: prometheus2, 'Accept-Encoding': 'gzip' }],
    ['without any', {}],
    ['refusing gzip', { Accept: '*/*', 'Accept-Encoding': 'gzip;q=0' }],
  ] as const)('is answered as before, %s', async (_, headers) => {
    const first = await get('/metrics', headers);
    const again = await get('/metrics', headers);
    expect(again.body.equals(first.body)).toBe(true);
    expect({ ...again.headers, date: '' }).toEqual({ ...first.headers, date: '' });
  });

  it('is answered with what was rendered since', async () => {
    const before = exposition;
    await get('/metrics');
    exposition = await expose([
      [incident, goodPoll],
      [incident, goodPoll],
    ]);
    const { body } = await get('/metrics');
    expect(body.equals(Buffer.concat(exposition.text.identity))).toBe(true);
    expect(body.equals(Buffer.concat(before.text.identity))).toBe(false);
  });

  it('is told apart from one that wishes something else, however many have asked', async () => {
    for (let client = 0; client < 150; client += 1) {
      const headers = { Accept: `text/plain;q=0.${client}`, 'Accept-Encoding': 'gzip' };
      expect((await get('/metrics', headers)).headers['content-encoding']).toBe('gzip');
    }
    const plain = await get('/metrics', { Accept: 'application/openmetrics-text;q=0.151' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.headers['content-type']).toContain('openmetrics');
  });

  it('does not turn what would change something into a scrape', async () => {
    await get('/metrics');
    expect((await request(`${server.url}/metrics`, { method: 'POST' })).status).toBe(405);
  });
});

describe('the HTTP interface', () => {
  it('answers HEAD with the same headers and no body', async () => {
    const accepting = { Accept: prometheus2, 'Accept-Encoding': 'gzip' };
    for (const path of ['/metrics', '/-/healthy', '/-/ready']) {
      const { headers: expected } = await get(path, accepting);
      const answer = await request(`${server.url}${path}`, { method: 'HEAD', headers: accepting });
      expect(answer.body).toHaveLength(0);
      expect({ ...answer.headers, date: '' }).toEqual({ ...expected, date: '' });
    }
  });

  it('refuses what would change something', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const answer = await request(`${server.url}/metrics`, { method });
      expect(answer.status, method).toBe(405);
      expect(answer.headers.allow).toBe('GET, HEAD');
    }
  });

  it.each(['/metric', '/metrics/x', '/-/', '/%ff', '/../../etc/passwd', '/favicon.ico'])(
    'does not know %s',
    async (path) => {
      const answer = await get(path);
      expect(answer.status).toBe(404);
      expect(answer.body.toString()).toBe('not found; see /\n');
    },
  );

  it('does not advertise what it is made of', async () => {
    const { headers } = await get('/metrics');
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('etag');
  });

  it('is healthy as long as it answers, whatever the database does', async () => {
    readiness = { ready: false, reason: 'no poll has succeeded yet' };
    const { status, body } = await get('/-/healthy');
    expect([status, body.toString()]).toEqual([200, 'healthy\n']);
  });

  it('is ready or says why not', async () => {
    readiness = { ready: false, reason: 'the last successful poll was 90 s ago: …' };
    const refused = await get('/-/ready');
    expect([refused.status, refused.body.toString()]).toEqual([
      503,
      'not ready: the last successful poll was 90 s ago: …\n',
    ]);
    readiness = { ready: true };
    const { status, body } = await get('/-/ready');
    expect([status, body.toString()]).toEqual([200, 'ready\n']);
  });
});
