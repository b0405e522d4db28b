import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SelfSignedCertificate } from './self-signed-certificate.js';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Counts connections from 1: requests with the same number shared one. */
  readonly connection: number;
}

/** What the endpoint does once it has read a whole request. */
export type Behaviour = (response: ServerResponse, socket: Socket) => void;

export interface FaultyTokenEndpoint {
  readonly url: string;
  readonly received: readonly ReceivedRequest[];
  /** From now on, until told otherwise. */
  behave(behaviour: Behaviour): void;
  /** Resolves when a request that nobody has waited for yet has been read. */
  nextRequest(): Promise<ReceivedRequest>;
  /** Closes connections that are open though no request is under way, as a peer may at any time. */
  closeIdle(): void;
  stop(): Promise<void>;
}

/** A server on loopback that misbehaves on demand. With a certificate it speaks TLS. */
export async function startFaultyTokenEndpoint(
  behaviour: Behaviour,
  certificate?: SelfSignedCertificate,
): Promise<FaultyTokenEndpoint> {
  const server = certificate === undefined ? createServer() : createTlsServer(certificate);
  const connections = new Map<Socket, number>();
  const received: ReceivedRequest[] = [];
  const waiting: ((request: ReceivedRequest) => void)[] = [];
  const unseen: ReceivedRequest[] = [];
  let current = behaviour;
  let opened = 0;

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket, method = '', url = '', headers } = request;
    if (!connections.has(socket)) connections.set(socket, ++opened);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const connection = connections.get(socket) ?? 0;
      const entry = { method, path: url, headers, body, connection };
      received.push(entry);
      const waiter = waiting.shift();
      if (waiter === undefined) unseen.push(entry);
      else waiter(entry);
      current(response, socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}/token`,
    received,
    behave: (next) => {
      current = next;
    },
    nextRequest: () =>
      new Promise((resolve) => {
        const entry = unseen.shift();
        if (entry === undefined) waiting.push(resolve);
        else resolve(entry);
      }),
    closeIdle: () => {
      server.closeIdleConnections();
    },
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A plain answer. An object becomes JSON. */
export function answer(
  status: number,
  body: object | string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Behaviour {
  return (response) => {
    const isPlain = typeof body === 'string' || Buffer.isBuffer(body);
    const type = isPlain ? 'text/html' : 'application/json';
    response.writeHead(status, { 'content-type': type, ...headers });
    response.end(isPlain ? body : JSON.stringify(body));
  };
}

/** Reads and never answers. */
export const hang: Behaviour = () => undefined;

/** Reads and drops the connection. */
export const dropConnection: Behaviour = (_response, socket) => {
  socket.destroy();
};

/** Resets the connection after a part of the body that it announced. */
export function resetAfter(part: string, contentLength: number): Behaviour {
  return (response, socket) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': contentLength,
    });
    response.write(part, () => {
      socket.resetAndDestroy();
    });
  };
}

/** Writes these bytes to the connection and closes it. */
export function raw(bytes: string): Behaviour {
  return (_response, socket) => {
    socket.end(bytes);
  };
}

/** An answer that is held back until `release` is called, if it has not been called already. */
export function heldBack(behaviour: Behaviour): { behaviour: Behaviour; release: () => void } {
  const held: (() => void)[] = [];
  let released = false;
  return {
    behaviour: (response, socket) => {
      const answerNow = () => {
        behaviour(response, socket);
      };
      if (released) answerNow();
      else held.push(answerNow);
    },
    release: () => {
      released = true;
      for (const answerNow of held.splice(0)) answerNow();
    },
  };
}
