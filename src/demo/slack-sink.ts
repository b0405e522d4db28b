import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { renderSlackPage, unescapeSlack } from './render-slack.js';
import type { ReceivedMessage } from './render-slack.js';

export interface SlackSink {
  /** The page that shows the messages. */
  readonly pageUrl: string;
  /** What takes them, as a Slack incoming webhook does. */
  readonly webhookUrl: string;
  stop(): Promise<void>;
}

const mostMessages = 100;
const longestBody = 1024 * 1024;

/**
 * Stands in for Slack on loopback: takes messages and shows on a page how they would look there.
 * `onMessage` hears each as plain text.
 */
export async function startSlackSink(onMessage: (text: string) => void): Promise<SlackSink> {
  const messages: ReceivedMessage[] = [];
  const path = `/services/T0000/B0000/${randomBytes(18).toString('base64url')}`;

  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const message = parseMessage(await readBody(request));
    if (message === null) {
      response.writeHead(400).end('invalid_payload');
      return;
    }
    messages.push(message);
    messages.splice(0, messages.length - mostMessages);
    onMessage(unescapeSlack(message.text));
    response.writeHead(200, { 'content-type': 'text/html' }).end('ok');
  };
  const server = createServer((request, response) => {
    if (request.method === 'POST' && request.url === path) {
      void take(request, response);
    } else if (request.url === '/') {
      response.writeHead(200, pageHeaders).end(renderSlackPage(messages));
    } else {
      response.writeHead(404).end('no_service');
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    pageUrl: `${origin}/`,
    webhookUrl: `${origin}${path}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > longestBody) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseMessage(body: string): ReceivedMessage | null {
  try {
    const { text, blocks } = JSON.parse(body) as { text?: unknown; blocks?: unknown };
    if (typeof text !== 'string' || text === '') return null;
    const list = Array.isArray(blocks) ? (blocks as unknown[]) : null;
    return { text, blocks: list, receivedAt: new Date() };
  } catch {
    return null;
  }
}
