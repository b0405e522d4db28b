import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAppEndpointResponse } from '../../src/refresh/app-endpoint-response.js';
import type { RawAnswer } from '../../src/refresh/token-response.js';

const timestamp = '2025-11-29T08:00:00.000Z';
const nothing = { refreshed: 0, failed: 0, needsReconnect: 0, skipped: 0 };

function answer(status: number, body: unknown, headers: RawAnswer['headers'] = {}): RawAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers, body: Buffer.from(text) };
}

function result(status: string) {
  return {
    org_id: 'o-1',
    connected_by_user_id: 'u-1',
    email: 'jane@example.com',
    status,
    message: 'whatever',
  };
}

const summary = {
  total: 10,
  refreshed: 4,
  skipped: 3,
  failed: 2,
  needs_reconnect: 1,
  duration_ms: 812,
};

describe('the answer of an app that owns its refreshes', () => {
  it('claims what its summary says', () => {
    const body = { success: true, summary, results: [], timestamp };
    expect(parseAppEndpointResponse(answer(200, body), [])).toEqual({
      claimed: { refreshed: 4, failed: 2, needsReconnect: 1, skipped: 3 },
      failure: null,
      detail: 'HTTP 200: claims 4 refreshed, 2 failed, 1 to reconnect, 3 skipped',
      retryAfterMs: null,
    });
  });

  it('claims what its results add up to when the summary is missing or broken', () => {
    const results = ['refreshed', 'failed', 'failed', 'needs_reconnect', 'else'].map(result);
    const claimed = { refreshed: 1, failed: 2, needsReconnect: 1, skipped: 0 };
    for (const broken of [undefined, { ...summary, failed: '2' }, { ...summary, skipped: -1 }]) {
      const body = { success: true, summary: broken, results, timestamp };
      expect(parseAppEndpointResponse(answer(200, body), [])).toMatchObject({
        claimed,
        failure: null,
      });
    }
  });

  it('claims nothing done when there were no rows', () => {
    const body = { success: true, message: 'No active integrations', integrations_processed: 0 };
    expect(parseAppEndpointResponse(answer(200, body), [])).toMatchObject({
      claimed: nothing,
      failure: null,
    });
  });

  it('is no failure of the call when every token failed: the rows are the verdict', () => {
    const failed = { ...summary, refreshed: 0, skipped: 0, failed: 9 };
    const body = { success: true, summary: failed, results: [result('failed')], timestamp };
    expect(parseAppEndpointResponse(answer(200, body), [])).toMatchObject({
      claimed: { refreshed: 0, failed: 9, needsReconnect: 1, skipped: 0 },
      failure: null,
    });
  });

  it.each([
    ['JSON of another shape', 200, { ok: 1 }],
    ['an empty body', 204, ''],
  ])('may be a success that claims nothing: %s', (_, status, body) => {
    expect(parseAppEndpointResponse(answer(status, body), [])).toMatchObject({
      claimed: null,
      failure: null,
    });
  });

  it.each([
    ['a fatal 500', 500, { success: false, error: 'boom', timestamp }, 'server_error', 'boom'],
    ['a gateway in HTML', 504, '<html>', 'server_error', 'not JSON'],
    ['a page with status 200', 200, '<html>', 'unparseable_response', 'not JSON'],
    ['a redirect', 302, '', 'unparseable_response', 'HTTP 302'],
    ['success false with status 200', 200, { success: false, error: 'no' }, 'other_error', 'no'],
    ['a wrong key', 401, { code: 401, message: 'Invalid JWT' }, 'other_error', 'credentials'],
    ['a function that is not there', 404, { message: 'no' }, 'other_error', 'check its URL'],
    ['too many calls', 429, { error: 'slow' }, 'rate_limited', 'slow'],
  ])('is a failure of the call: %s', (_, status, body, failure, words) => {
    const parsed = parseAppEndpointResponse(answer(status, body), []);
    expect(parsed.failure).toBe(failure);
    expect(parsed.detail).toContain(words);
  });

  it('may ask for a pause', () => {
    const headers = { 'retry-after': '7' };
    expect(parseAppEndpointResponse(answer(503, '', headers), []).retryAfterMs).toBe(7_000);
  });

  it('never brings a secret or a mail address into the detail', () => {
    const body = { success: false, error: 'key k-secret is not for jane@example.com' };
    expect(parseAppEndpointResponse(answer(500, body), ['k-secret']).detail).toBe(
      'HTTP 500: key [secret] is not for [address]',
    );
  });

  it('never makes the parser throw', () => {
    const body = fc.oneof(fc.json(), fc.string(), fc.constant(JSON.stringify({ results: [null] })));
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), body, (status, text) => {
        const { failure, detail } = parseAppEndpointResponse(answer(status, text), []);
        expect(detail).toMatch(/^HTTP \d{3}/);
        if (status < 200 || status >= 300) expect(failure).not.toBeNull();
      }),
    );
  });
});
