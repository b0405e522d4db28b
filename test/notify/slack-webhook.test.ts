import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sendToSlack } from '../../src/notify/slack-webhook.js';
import { findFreePort } from '../support/free-port.js';
import {
  answer,
  hang,
  raw,
  resetAfter,
  startFaultyTokenEndpoint,
} from '../support/faulty-token-endpoint.js';
import type { FaultyTokenEndpoint } from '../support/faulty-token-endpoint.js';

let endpoint: FaultyTokenEndpoint;
beforeEach(async () => {
  endpoint = await startFaultyTokenEndpoint(answer(200, 'ok'));
});
afterEach(() => endpoint.stop());

const payload = { text: 'hello', blocks: [] };
const send = (timeoutMs?: number) => sendToSlack(endpoint.url, payload, timeoutMs);

describe('a message to a webhook', () => {
  it('is one POST of JSON', async () => {
    expect(await send()).toEqual({ kind: 'accepted' });
    expect(endpoint.received).toHaveLength(1);
    const [request] = endpoint.received;
    expect(request).toMatchObject({ method: 'POST', path: '/token' });
    expect(JSON.parse(request?.body ?? '')).toEqual(payload);
  });

  it.each([
    ['never answers', hang, 'timeout'],
    ['stops in the middle of its answer', resetAfter('o', 2), 'network'],
    ['speaks something else', raw('SSH-2.0-OpenSSH\r\n\r\n'), 'unexpected_response'],
  ] as const)('to one that %s fails', async (_, behaviour, reason) => {
    endpoint.behave(behaviour);
    expect(await send(500)).toMatchObject({ kind: 'failed', reason });
    expect(endpoint.received).toHaveLength(1);
  });

  it('does not follow a redirect, which would carry the message elsewhere', async () => {
    endpoint.behave(answer(307, '', { location: endpoint.url }));
    expect(await send()).toMatchObject({ kind: 'failed', reason: 'unexpected_response' });
    expect(endpoint.received).toHaveLength(1);
  });

  it('reads no more than the beginning of an answer without an end', async () => {
    endpoint.behave((response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      const write = () => {
        while (!response.destroyed && response.write('<p>'.repeat(10_000)));
      };
      response.on('drain', write);
      write();
    });
    expect(await send(5_000)).toMatchObject({ reason: 'unexpected_response' });
  });

  it('keeps what Retry-After says', async () => {
    endpoint.behave(answer(429, 'rate_limited', { 'retry-after': '7' }));
    expect(await send()).toMatchObject({ reason: 'rate_limited', retryAfterMs: 7_000 });
  });
});

describe('the URL, which is a secret', () => {
  const secret = 'XXsecretXX';

  it.each([
    [
      'nothing listens there',
      async () => `http://127.0.0.1:${String(await findFreePort())}/${secret}`,
    ],
    ['the name is unknown', () => `https://${secret}.invalid/services/${secret}`],
    ['it is none', () => `nonsense ${secret}`],
    ['it has a password', () => `http://user:${secret}@127.0.0.1:9/${secret}`],
    ['the answer echoes it', () => `${endpoint.url}/${secret}`],
  ])('is in nothing that is told when %s', async (_, url) => {
    endpoint.behave((response) => {
      response
        .writeHead(400)
        .end(`no such webhook: https://hooks.example.com/services/${secret}1234567890123456`);
    });
    const answered = await sendToSlack(await url(), payload, 2_000);
    expect(answered.kind).toBe('failed');
    expect(JSON.stringify(answered)).not.toContain(secret);
  });
});
