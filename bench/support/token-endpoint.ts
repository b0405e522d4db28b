/**
 * A token endpoint in a process of its own, as fast as node:http allows: it rotates, and knows a
 * refresh token that was used before. Forked by `startTokenEndpoint`.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { EndpointCounts } from './start-token-endpoint.js';

const delayMs = Number(process.argv[2] ?? 0);
/** A refresh token is `<name>.<generation>`; the newest generation of each name is the valid one. */
const generations = new Map<string, number>();
let counts = nothing();

function nothing(): EndpointCounts {
  return { requests: 0, refused: 0, firstAtMs: 0, lastAtMs: 0 };
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    void answer(request, response, Buffer.concat(chunks).toString());
  });
});

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
): Promise<void> {
  const nowMs = Date.now();
  if (counts.requests === 0) counts = { ...counts, firstAtMs: nowMs };
  counts = { ...counts, requests: counts.requests + 1, lastAtMs: nowMs };
  const used = new URLSearchParams(body).get('refresh_token') ?? '';
  const [name = '', generation = ''] = used.split('.');
  const isValid = Number(generation) === (generations.get(name) ?? 0);
  if (isValid) generations.set(name, Number(generation) + 1);
  else counts = { ...counts, refused: counts.refused + 1 };
  if (delayMs > 0) await delay(delayMs);
  const text = isValid
    ? JSON.stringify({
        token_type: 'Bearer',
        access_token: `access-of-${name}-${'x'.repeat(400)}`,
        refresh_token: `${name}.${String(Number(generation) + 1)}`,
        expires_in: 86_400,
      })
    : '{"error":"invalid_grant"}';
  response.writeHead(isValid ? 200 : 400, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

process.on('message', (message) => {
  const before = counts;
  if (message === 'reset') counts = nothing();
  process.send?.(before);
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port);
});
