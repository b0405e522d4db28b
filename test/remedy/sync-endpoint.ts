import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One call, as the application got it. */
export interface ReceivedSync {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly sync_type?: string; readonly user_id?: string };
}

type Answer = (response: ServerResponse, call: ReceivedSync, request: IncomingMessage) => unknown;

/** An application's sync endpoint: a real HTTP server that keeps what it got. */
export interface SyncEndpoint {
  readonly url: string;
  readonly calls: ReceivedSync[];
  /** Most calls that were open at the same moment. */
  readonly mostInFlight: () => number;
  /** Says how it answers from now on. */
  answer: Answer;
  stop(): Promise<void>;
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

export const synced = json(200, { success: true, meetings_synced: 2, total_meetings_found: 2 });

export async function startSyncEndpoint(): Promise<SyncEndpoint> {
  let inFlight = 0;
  let most = 0;
  const server = createServer((request, response) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    response.on('close', () => {
      inFlight -= 1;
    });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const call = {
        path: request.url ?? '',
        headers: request.headers,
        body: JSON.parse(text) as ReceivedSync['body'],
      };
      endpoint.calls.push(call);
      void endpoint.answer(response, call, request);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const endpoint: SyncEndpoint = {
    url: `http://127.0.0.1:${String(port)}`,
    calls: [],
    mostInFlight: () => most,
    answer: synced,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return endpoint;
}
