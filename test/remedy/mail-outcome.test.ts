import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { judgeMailFailure } from '../../src/remedy/mail-outcome.js';
import { openMailTransport } from '../../src/remedy/mail-transport.js';

describe('a mail that failed', () => {
  it.each([
    ['5xx: refused for good', { responseCode: 550, response: '550 no' }, 'refused', false],
    ['5xx at its edge', { responseCode: 500, response: '500 no' }, 'refused', false],
    ['4xx: failed for now', { responseCode: 499, response: '499 wait' }, 'failed', false],
    ['the server closes down', { responseCode: 421, response: '421 bye' }, 'failed', true],
    ['a wrong password', { responseCode: 535, code: 'EAUTH' }, 'failed', true],
    ['nothing listens', { code: 'ESOCKET', syscall: 'connect' }, 'failed', true],
    ['no such host', { code: 'EDNS' }, 'failed', true],
    ['no greeting', { code: 'ETIMEDOUT', timeoutType: 'GREETING_TIMEOUT' }, 'failed', true],
    [
      'silence in the middle',
      { code: 'ETIMEDOUT', timeoutType: 'SOCKET_TIMEOUT' },
      'unconfirmed',
      true,
    ],
    ['a connection that broke', { code: 'ECONNECTION', command: 'CONN' }, 'unconfirmed', true],
    ['anything else', {}, 'unconfirmed', true],
  ])('%s', (_, error, kind, isServerDown) => {
    expect(judgeMailFailure(error)).toMatchObject({ kind, isServerDown });
  });

  it('is told in one short line', () => {
    const response = `550 no\r\n${'x'.repeat(500)}`;
    expect(judgeMailFailure({ responseCode: 550, response }).detail).toBe(
      `550 no ${'x'.repeat(193)}`,
    );
  });
});

it('keeps no address that a server repeats', () => {
  const response = '550 5.1.1 <ravi.menon@example.com>: no such user ravi.menon@example.com';
  expect(judgeMailFailure({ responseCode: 550, response }).detail).toBe(
    '550 5.1.1 <(address)>: no such user (address)',
  );
});

describe('a mail server that hangs', () => {
  const timeouts = { connectMs: 200, greetingMs: 200, silenceMs: 200 };
  const sockets = new Set<Socket>();
  const servers: ReturnType<typeof createServer>[] = [];
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  /** Answers each line with what `answer` says; null: never. */
  async function transportTo(greeting: string | null, answer: (line: string) => string | null) {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      if (greeting !== null) socket.write(`${greeting}\r\n`);
      socket.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.split('\r\n').filter((each) => each !== '')) {
          const reply = answer(line);
          if (reply !== null) socket.write(`${reply}\r\n`);
        }
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return openMailTransport(`smtp://127.0.0.1:${String(port)}`, timeouts);
  }

  const message = {
    from: { name: '', address: 'team@example.com' },
    to: { name: '', address: 'user@example.com' },
    envelope: { from: 'team@example.com', to: ['user@example.com'] },
    subject: 's',
    text: 't',
    html: 'h',
    headers: {},
  };

  it('before its greeting: the mail has not left', async () => {
    const transport = await transportTo(null, () => null);
    expect(await transport.check()).toMatch(/Greeting never received/);
    expect(await transport.send(message)).toMatchObject({ kind: 'failed', isServerDown: true });
  });

  it('after the whole mail: it may have left', async () => {
    const transport = await transportTo('220 hello', (line) => {
      if (/^(EHLO|MAIL|RCPT)/.test(line)) return '250 fine';
      return line === 'DATA' ? '354 go on' : null;
    });
    expect(await transport.check()).toBeNull();
    expect(await transport.send(message)).toMatchObject({ kind: 'unconfirmed' });
  });
});
