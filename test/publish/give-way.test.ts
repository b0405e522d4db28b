import { createServer, get } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { giveWay, goAhead } from '../../src/give-way.js';

/** More than any socket takes at once. */
const large = Buffer.alloc(64 * 2 ** 20);

describe('work over many tokens', () => {
  // Patience ends when the test says so, however busy the machine is.
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => vi.useRealTimers());

  /** Answers with `body`, tells what happens in which order, and hands over the client's side. */
  async function answerWith(body: Buffer) {
    const events: string[] = [];
    let answered: ServerResponse | undefined;
    let worked: Promise<unknown> | undefined;
    const server = createServer((_, response) => {
      answered = response.once('close', () => events.push('sent'));
      response.end(body);
      goAhead(response);
      worked = giveWay().then(() => events.push('work'));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const asked = get({ port: (server.address() as AddressInfo).port, agent: false });
    const [received] = (await once(asked, 'response')) as [IncomingMessage];
    const close = async () => {
      received.destroy();
      if (answered?.closed === false) await once(answered, 'close');
      await worked;
      server.close();
    };
    return { events, received, close };
  }

  it('waits for an answer that is being sent', async () => {
    const { events, received, close } = await answerWith(large);
    await once(received.resume(), 'end');
    await close();
    expect(events).toEqual(['sent', 'work']);
  });

  it('does not wait for a client that takes its answer slowly', async () => {
    const { events, close } = await answerWith(large);
    expect(events).toEqual([]);
    await vi.advanceTimersByTimeAsync(20);
    expect(events).toEqual(['work']);
    await close();
  });

  it('does not wait for a client that has gone', async () => {
    const { events, close } = await answerWith(large);
    await close();
    expect(events).toEqual(['sent', 'work']);
  });

  it('does not wait where nothing is sent', async () => {
    await expect(giveWay()).resolves.toBeUndefined();
  });
});
