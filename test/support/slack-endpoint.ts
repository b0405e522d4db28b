import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { slackProblems } from './slack-limits.js';

/** What a webhook does instead of taking a message. */
export type SlackFault =
  | { readonly status: number; readonly body: string; readonly headers?: Record<string, string> }
  /** Refuses blocks and takes plain text, as Slack does when it doesn't like one of them. */
  | 'invalid_blocks'
  /** Takes the message and never answers. */
  | 'hang'
  /** Resets the connection; the message is not taken. */
  | 'reset'
  /** Takes the message and resets the connection: the sender can't know. */
  | 'accept_and_reset';

export interface TakenMessage {
  readonly webhook: string;
  readonly text: string;
  readonly blocks: readonly unknown[] | null;
  readonly atMs: number;
}

export interface SlackEndpoint {
  /** The URL of a webhook of this name; its last part is a secret. */
  url(webhook: string): string;
  /** What no output may ever contain. */
  readonly secret: string;
  /** What it accepted, in order. */
  readonly messages: readonly TakenMessage[];
  /** Every request, refused ones too. */
  readonly requests: readonly { readonly webhook: string; readonly status: number }[];
  /** What was wrong with messages, beside faults: must stay empty. */
  readonly problems: readonly string[];
  /** From now on, the next `times` requests of a webhook meet this. */
  fail(webhook: string, fault: SlackFault, times?: number): void;
  stop(): Promise<void>;
}

/**
 * A server on loopback that answers as Slack's incoming webhooks do: it takes one message per
 * `spacingMs` and webhook and answers 429 with Retry-After to more, refuses what Slack's own
 * types and limits refuse, and fails on demand.
 */
export async function startSlackEndpoint({
  spacingMs = 1_000,
  onAccepted = () => undefined,
}: {
  readonly spacingMs?: number;
  /** Called after a message was taken and before the answer leaves. */
  readonly onAccepted?: (message: TakenMessage) => void;
} = {}): Promise<SlackEndpoint> {
  const secret = 'XXsecretXXwebhookXX';
  const messages: TakenMessage[] = [];
  const requests: { webhook: string; status: number }[] = [];
  const problems: string[] = [];
  const faults = new Map<string, { fault: SlackFault; left: number }>();
  const lastAtMs = new Map<string, number>();

  const nextFault = (webhook: string): SlackFault | null => {
    const planned = faults.get(webhook);
    if (planned === undefined || planned.left === 0) return null;
    planned.left -= 1;
    return planned.fault;
  };

  const answer = (webhook: string, request: IncomingMessage, response: ServerResponse) => {
    const reply = (status: number, body: string, headers: Record<string, string> = {}) => {
      requests.push({ webhook, status });
      response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body);
    };
    return (raw: string): void => {
      const fault = nextFault(webhook);
      if (typeof fault === 'object' && fault !== null) {
        reply(fault.status, fault.body, fault.headers);
        return;
      }
      if (fault === 'reset') {
        requests.push({ webhook, status: 0 });
        request.socket.resetAndDestroy();
        return;
      }
      const atMs = performance.now();
      if (atMs - (lastAtMs.get(webhook) ?? -Infinity) < spacingMs) {
        reply(429, 'rate_limited', { 'retry-after': String(Math.ceil(spacingMs / 1_000)) });
        return;
      }
      let payload: { text: string; blocks?: unknown[] };
      try {
        payload = JSON.parse(raw) as typeof payload;
      } catch {
        reply(400, 'invalid_payload');
        return;
      }
      const wrong = slackProblems(payload);
      problems.push(...wrong);
      if (wrong.length > 0 || (fault === 'invalid_blocks' && payload.blocks !== undefined)) {
        reply(400, 'invalid_blocks');
        return;
      }
      lastAtMs.set(webhook, atMs);
      const message = { webhook, text: payload.text, blocks: payload.blocks ?? null, atMs };
      messages.push(message);
      onAccepted(message);
      if (fault === 'hang') return;
      if (fault === 'accept_and_reset') request.socket.resetAndDestroy();
      else reply(200, 'ok');
    };
  };

  const server = createServer((request, response) => {
    const [, webhook = ''] =
      /^\/services\/T000\/(\w[\w-]*)\/XXsecretXXwebhookXX$/.exec(request.url ?? '') ?? [];
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      if (webhook === '') response.writeHead(404).end('no_service');
      else answer(webhook, request, response)(Buffer.concat(chunks).toString('utf8'));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    secret,
    messages,
    requests,
    problems,
    url: (webhook) => `http://127.0.0.1:${String(port)}/services/T000/${webhook}/${secret}`,
    fail(webhook, fault, times = Infinity) {
      faults.set(webhook, { fault, left: times });
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
