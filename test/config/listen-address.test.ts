import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { parseListenAddress } from '../../src/config/listen-address.js';

describe('parseListenAddress', () => {
  it.each([
    ['127.0.0.1:6749', '127.0.0.1', 6749],
    ['[::1]:6749', '::1', 6749],
    ['[::]:6749', '::', 6749],
    ['0.0.0.0:6749', '0.0.0.0', 6749],
    ['localhost:0', 'localhost', 0],
    ['exporter.example.org:65535', 'exporter.example.org', 65_535],
    [':6749', '', 6749],
  ])('reads %s', (text, host, port) => {
    expect(parseListenAddress(text)).toEqual({ host, port });
  });

  it.each([
    '',
    '6749',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:http',
    '127.0.0.1:6749 ',
    '127.0.0.1:6749/metrics',
    '::1:6749',
    '[]:6749',
    '[::1]',
    '[localhost]:6749',
    'http://localhost:6749',
  ])('refuses "%s"', (text) => {
    expect(parseListenAddress(text)).toBeNull();
  });

  it('makes a server listen on every interface when the host is empty', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen({ host: '', port: 0 }, resolve));
    const address = server.address();
    expect(['::', '0.0.0.0']).toContain(typeof address === 'object' ? address?.address : address);
    await new Promise((resolve) => server.close(resolve));
  });
});
