import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { type Dispatcher, RetryAgent } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import {
  openConnections,
  requestLimits,
  sendBoundedRequest,
} from '../../src/refresh/bounded-request.js';
import type { RequestLimits } from '../../src/refresh/exchange.js';
import {
  answer,
  type Behaviour,
  dropConnection,
  type FaultyTokenEndpoint,
  hang,
  heldBack,
  raw,
  resetAfter,
  startFaultyTokenEndpoint,
} from '../support/faulty-token-endpoint.js';
import {
  type SelfSignedCertificate,
  selfSignedCertificate,
} from '../support/self-signed-certificate.js';

const planted = 'planted-secret-value';
/** Long enough for a request to arrive on a busy machine. */
const impatient: RequestLimits = { ...requestLimits, slowAfterMs: 20, deadlineMs: 1_500 };
const tokens = { access_token: 'at', refresh_token: 'rt', expires_in: 60 };

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function endpointThat(
  behaviour: Behaviour,
  certificate?: SelfSignedCertificate,
): Promise<FaultyTokenEndpoint> {
  const endpoint = await startFaultyTokenEndpoint(behaviour, certificate);
  cleanups.push(() => endpoint.stop());
  return endpoint;
}

function connectionsWith(options: Parameters<typeof openConnections>[0] = {}) {
  const connections = openConnections(options);
  cleanups.push(() => connections.destroy());
  return connections;
}

function send(
  url: string,
  limits: RequestLimits = requestLimits,
  connections: Dispatcher = connectionsWith(),
  onSlow?: () => void,
) {
  const request = {
    url,
    headers: { authorization: `Bearer ${planted}`, 'content-type': 'text/plain' },
    body: planted,
  };
  return sendBoundedRequest(connections, request, limits, onSlow);
}

describe('a request', () => {
  it('is a POST with its headers and its body, and asks for no compression', async () => {
    const endpoint = await endpointThat(answer(200, tokens));
    await send(`${endpoint.url}?a=1`);
    expect(endpoint.received).toMatchObject([
      {
        method: 'POST',
        path: '/token?a=1',
        body: planted,
        headers: {
          authorization: `Bearer ${planted}`,
          'accept-encoding': 'identity',
          'user-agent': 'oauth-token-exporter',
        },
      },
    ]);
  });

  it('brings back status, body and the three headers that matter', async () => {
    const headers = { 'retry-after': '5', 'x-else': planted };
    const endpoint = await endpointThat(answer(503, tokens, headers));
    const exchange = await send(endpoint.url);
    expect(exchange).toMatchObject({ ok: true, raw: { status: 503 } });
    if (!exchange.ok) return;
    expect(Object.keys(exchange.raw.headers)).toEqual(['content-type', 'retry-after', 'date']);
    expect(JSON.parse(exchange.raw.body.toString())).toEqual(tokens);
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('reads an answer that was compressed with %s all the same', async (encoding, compress) => {
    const body = compress(JSON.stringify(tokens));
    const endpoint = await endpointThat(answer(200, body, { 'content-encoding': encoding }));
    const exchange = await send(endpoint.url);
    expect(exchange.ok && JSON.parse(exchange.raw.body.toString())).toEqual(tokens);
  });

  it('does not unpack a compressed answer beyond the limit', async () => {
    const packed = gzipSync(Buffer.alloc(2048));
    const endpoint = await endpointThat(answer(200, packed, { 'content-encoding': 'gzip' }));
    const exchange = await send(endpoint.url, { ...requestLimits, maxBodyBytes: 1024 });
    expect(exchange.ok && exchange.raw.body).toEqual(packed);
  });

  it('waits beyond "slow" for an answer, and says so once', async () => {
    const held = heldBack(answer(200, tokens));
    const endpoint = await endpointThat(held.behaviour);
    let slowCalls = 0;
    const limits = { ...requestLimits, slowAfterMs: 20 };
    const exchange = await send(endpoint.url, limits, connectionsWith(), () => {
      slowCalls += 1;
      held.release();
    });
    expect(exchange).toMatchObject({ ok: true });
    expect(slowCalls).toBe(1);
  });

  it('gives up at the deadline, and drops the connection', async () => {
    let dropped: Promise<unknown> | undefined;
    const endpoint = await endpointThat((_response, socket) => {
      dropped = once(socket, 'close');
    });
    const exchange = await send(endpoint.url, impatient);
    expect(exchange).toMatchObject({
      ok: false,
      reason: 'timeout',
      mayHaveArrived: true,
      halfReadStatus: null,
    });
    await expect(dropped).resolves.toBeDefined();
  });

  it('gives up at the deadline in the middle of a body', async () => {
    const endpoint = await endpointThat((response) => {
      response.writeHead(200);
      response.write('{"access_token":"a');
    });
    expect(await send(endpoint.url, impatient)).toMatchObject({
      ok: false,
      reason: 'timeout',
      mayHaveArrived: true,
      halfReadStatus: 200,
    });
  });

  it.each([
    ['the deadline', impatient, 10_000],
    ['the time to connect', requestLimits, 50],
  ])('gives up when %s passes before it is connected', async (_, limits, connectTimeoutMs) => {
    // Accepts the connection and never begins TLS.
    const accepted: Socket[] = [];
    const silent = createServer((socket) => accepted.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const connections = connectionsWith({ connectTimeoutMs });
    const exchange = await send(`https://127.0.0.1:${port}/token`, limits, connections);
    expect(exchange).toMatchObject({ ok: false, reason: 'timeout', mayHaveArrived: false });
    for (const socket of accepted) socket.destroy();
    silent.close();
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('with status %i is never followed', async (status) => {
    const target = await endpointThat(answer(200, tokens));
    const location = `${target.url}?token=${planted}`;
    const endpoint = await endpointThat(answer(status, '', { location }));
    const exchange = await send(endpoint.url);
    expect(exchange).toMatchObject({
      ok: false,
      reason: 'unparseable_response',
      mayHaveArrived: false,
      halfReadStatus: status,
    });
    const { host } = new URL(target.url);
    expect(exchange.ok ? '' : exchange.detail).toContain(`HTTP ${status}: a redirect to ${host},`);
    expect(JSON.stringify(exchange)).not.toContain(planted);
    expect(target.received).toHaveLength(0);
    expect(endpoint.received).toHaveLength(1);
  });
});

describe('an answer that is too long', () => {
  const limits = { ...requestLimits, maxBodyBytes: 1024 };

  it('is refused by the length it announces', async () => {
    const endpoint = await endpointThat((response) => {
      response.writeHead(200, { 'content-length': 10 * 1024 * 1024 });
      response.flushHeaders();
    });
    expect(await send(endpoint.url, limits)).toMatchObject({
      ok: false,
      reason: 'unparseable_response',
      mayHaveArrived: true,
      halfReadStatus: 200,
    });
  });

  it('is refused while it streams without end', async () => {
    const endpoint = await endpointThat((response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    expect(await send(endpoint.url, limits)).toMatchObject({
      ok: false,
      reason: 'unparseable_response',
      mayHaveArrived: true,
    });
  });

  it('is read at exactly the limit and refused one byte beyond', async () => {
    const endpoint = await endpointThat(answer(200, 'x'.repeat(1024)));
    expect(await send(endpoint.url, limits)).toMatchObject({ ok: true });
    endpoint.behave(answer(200, 'x'.repeat(1025)));
    expect(await send(endpoint.url, limits)).toMatchObject({ ok: false });
  });
});

describe('a connection that breaks', () => {
  it('before an answer leaves the fate of the request unknown', async () => {
    const endpoint = await endpointThat(dropConnection);
    expect(await send(endpoint.url)).toMatchObject({
      ok: false,
      reason: 'network',
      mayHaveArrived: true,
      halfReadStatus: null,
    });
  });

  it('in the middle of the body tells that half an answer was read', async () => {
    const endpoint = await endpointThat(resetAfter('{"access_token":"at","refresh_t', 500));
    const exchange = await send(endpoint.url);
    expect(exchange).toMatchObject({
      ok: false,
      reason: 'network',
      mayHaveArrived: true,
      halfReadStatus: 200,
    });
    expect(JSON.stringify(exchange)).not.toContain('access_token');
  });

  it('after a JSON answer that is complete costs nothing', async () => {
    const text = JSON.stringify(tokens);
    const endpoint = await endpointThat(resetAfter(text, text.length + 100));
    const exchange = await send(endpoint.url);
    expect(exchange.ok && exchange.raw.body.toString()).toBe(text);
  });

  it('in the middle of a form is never taken for a whole one', async () => {
    const part = 'access_token=at&refresh_token=half-of-it';
    const endpoint = await endpointThat(resetAfter(part, part.length + 10));
    expect(await send(endpoint.url)).toMatchObject({ ok: false, reason: 'network' });
  });

  it('never makes the request go out twice, on a fresh connection or a kept one', async () => {
    const connections = connectionsWith();
    const endpoint = await endpointThat(dropConnection);
    await send(endpoint.url, requestLimits, connections);
    expect(endpoint.received).toHaveLength(1);

    endpoint.behave(answer(200, tokens));
    for (let round = 0; round < 3; round += 1) {
      await send(endpoint.url, requestLimits, connections);
    }
    endpoint.behave(dropConnection);
    const exchange = await send(endpoint.url, requestLimits, connections);
    expect(exchange).toMatchObject({ ok: false, reason: 'network', mayHaveArrived: true });
    const used = endpoint.received.map(({ connection }) => connection);
    expect(used).toHaveLength(5);
    expect(used.slice(1, -1)).toContain(used.at(-1));
  });

  it('does not make the request go out twice even where something below would retry', async () => {
    const retries = { methods: ['POST' as const], errorCodes: ['UND_ERR_SOCKET'], minTimeout: 1 };
    const connections = new RetryAgent(connectionsWith(), { ...retries, maxRetries: 2 });
    const control = await endpointThat(dropConnection);
    const { origin } = new URL(control.url);
    await expect(
      connections.request({ origin, path: '/', method: 'POST', body: 'x' }),
    ).rejects.toThrow();
    expect(control.received).toHaveLength(3);

    const endpoint = await endpointThat(dropConnection);
    const exchange = await send(endpoint.url, requestLimits, connections);
    expect(exchange).toMatchObject({ ok: false, reason: 'network', mayHaveArrived: true });
    expect(endpoint.received).toHaveLength(1);
  });

  it('while idle costs no request: the next one opens its own', async () => {
    const connections = connectionsWith();
    const endpoint = await endpointThat(answer(200, tokens));
    for (let round = 1; round <= 20; round += 1) {
      expect(await send(endpoint.url, requestLimits, connections)).toMatchObject({ ok: true });
      endpoint.closeIdle();
    }
    expect(endpoint.received).toHaveLength(20);
  });

  it('right after each answer never makes a request go out twice', async () => {
    const connections = connectionsWith();
    const text = JSON.stringify(tokens);
    const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}`;
    const endpoint = await endpointThat(raw(`${head}\r\n\r\n${text}`));
    const rounds = 50;
    const exchanges = [];
    for (let round = 0; round < rounds; round += 1) {
      exchanges.push(await send(endpoint.url, requestLimits, connections));
    }
    expect(endpoint.received.length).toBeLessThanOrEqual(rounds);
    for (const exchange of exchanges) {
      expect(exchange.ok || exchange.reason === 'network').toBe(true);
    }
  });
});

describe('what never reaches the endpoint', () => {
  it('a refused connection is known not to have arrived', async () => {
    const endpoint = await endpointThat(hang);
    await endpoint.stop();
    cleanups.pop();
    const exchange = await send(endpoint.url);
    expect(exchange).toMatchObject({ ok: false, reason: 'network', mayHaveArrived: false });
    expect(exchange.ok ? '' : exchange.detail).toMatch(
      /^127\.0\.0\.1:\d+: nothing listens there \(ECONNREFUSED\)$/,
    );
  });

  it.each([
    ['http to another machine', 'http://192.0.2.1/token', 'must be https, or http on loopback'],
    ['another scheme', 'ftp://127.0.0.1/token', 'must be https, or http on loopback'],
    ['a name that only begins like loopback', 'http://127.0.0.1.example.com/', 'must be https'],
    ['a password in the URL', `https://u:${planted}@example.com/`, 'must not hold a user name'],
    ['a fragment', 'https://example.com/#x', 'must not have a fragment'],
    ['no URL', planted, 'is not a URL'],
  ])('%s is refused', async (_, url, words) => {
    const exchange = await send(url);
    expect(exchange).toMatchObject({ ok: false, reason: 'network', mayHaveArrived: false });
    expect(exchange.ok ? '' : exchange.detail).toContain(words);
    expect(JSON.stringify(exchange)).not.toContain(planted);
  });

  it('a header that can not be sent is a failure without the header in it', async () => {
    const endpoint = await endpointThat(hang);
    const request = { url: endpoint.url, headers: { authorization: `${planted}\n` }, body: '' };
    const exchange = await sendBoundedRequest(connectionsWith(), request);
    expect(exchange).toMatchObject({ ok: false, reason: 'network', mayHaveArrived: false });
    expect(JSON.stringify(exchange)).not.toContain(planted);
    expect(endpoint.received).toHaveLength(0);
  });

  it('is refused when the connections are closed', async () => {
    const endpoint = await endpointThat(hang);
    const connections = connectionsWith();
    await connections.close();
    const exchange = await send(endpoint.url, requestLimits, connections);
    expect(exchange).toMatchObject({ ok: false, reason: 'network', mayHaveArrived: false });
  });
});

describe('something else than HTTP', () => {
  it.each([
    ['nonsense', `hello ${planted}\r\n`],
    ['endless headers', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`],
  ])('is unparseable: %s', async (_, bytes) => {
    const endpoint = await endpointThat(raw(bytes));
    const exchange = await send(endpoint.url);
    expect(exchange).toMatchObject({
      ok: false,
      reason: 'unparseable_response',
      mayHaveArrived: true,
    });
    expect(JSON.stringify(exchange)).not.toContain(planted);
  });
});

describe('TLS', () => {
  const today = new Date();
  const day = (offset: number) => new Date(today.getTime() + offset * 86_400_000);

  it('works with a certificate of an authority that is trusted', async () => {
    const certificate = selfSignedCertificate();
    const endpoint = await endpointThat(answer(200, tokens), certificate);
    const connections = connectionsWith({ ca: certificate.cert });
    expect(await send(endpoint.url, requestLimits, connections)).toMatchObject({ ok: true });
  });

  it.each([
    ['an unknown authority', {}, false, 'set NODE_EXTRA_CA_CERTS'],
    ['another host', { address: '192.0.2.1' }, true, 'use the name that the certificate names'],
    ['yesterday', { validUntil: day(-1), validFrom: day(-2) }, true, 'must be renewed there'],
    ['tomorrow', { validFrom: day(1), validUntil: day(2) }, true, 'unless the clock here is wrong'],
  ])('refuses the certificate of %s before anything is sent', async (_, made, trusted, remedy) => {
    const certificate = selfSignedCertificate(made);
    const endpoint = await endpointThat(answer(200, tokens), certificate);
    const connections = connectionsWith(trusted ? { ca: certificate.cert } : {});
    const exchange = await send(endpoint.url, requestLimits, connections);
    expect(exchange).toMatchObject({ ok: false, reason: 'network', mayHaveArrived: false });
    expect(exchange.ok ? '' : exchange.detail).toContain(remedy);
    expect(endpoint.received).toHaveLength(0);
  });

  it('says so when the port does not speak it', async () => {
    const endpoint = await endpointThat(answer(200, tokens));
    const exchange = await send(endpoint.url.replace('http:', 'https:'));
    expect(exchange).toMatchObject({ ok: false, reason: 'network', mayHaveArrived: false });
    expect(exchange.ok ? '' : exchange.detail).toContain('check scheme and port');
  });
});
