import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApp, listen } from '../../src/publish/server.js';
import { expose } from './expose.js';
import { request } from './request.js';

const listenOn = async (host: string, port = 0) => {
  const exposition = await expose([]);
  const app = createApp({
    exposition: () => exposition,
    readiness: () => ({ ready: true }),
  });
  const server = await listen(app, { host, port });
  onTestFinished(() => server.close());
  return server;
};

describe('listening', () => {
  it.each([
    ['127.0.0.1', /^http:\/\/127\.0\.0\.1:\d+$/],
    ['localhost', /^http:\/\/(127\.0\.0\.1|\[::1\]):\d+$/],
    ['0.0.0.0', /^http:\/\/localhost:\d+$/],
    ['', /^http:\/\/localhost:\d+$/],
  ])('on %j says where to find it', async (host, url) => {
    const server = await listenOn(host);
    expect(server.url).toMatch(url);
    expect((await request(`${server.url}/-/healthy`)).status).toBe(200);
  });

  it('fails with the error of the system when the address is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    await expect(listenOn('127.0.0.1', port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('closing', () => {
  it('does not wait for a scraper that keeps its connection open', async () => {
    const server = await listenOn('127.0.0.1');
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write('GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    const startedAt = performance.now();
    await Promise.all([server.close(), once(socket, 'close')]);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('does not wait for ever for a client that never finishes its request', async () => {
    const server = await listenOn('127.0.0.1');
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET /metrics HTTP/1.1\r\n');
    await once(socket, 'connect');
    const startedAt = performance.now();
    await Promise.all([server.close(), once(socket, 'close')]);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});
