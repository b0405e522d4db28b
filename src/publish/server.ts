import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Express, Request, RequestHandler, Response } from 'express';
import type { ListenAddress } from '../config/config.js';
import type { EncodedExposition, Exposition } from './exposition.js';
import type { Readiness } from './readiness.js';
import { tokenHealthRoute } from './token-health-route.js';
import type { TokenHealthRoute } from './token-health-route.js';

/** What scrapes and probes are told; every call answers from memory, none touches the database. */
export interface Pages {
  readonly exposition: () => Exposition;
  readonly readiness: () => Readiness;
}

/**
 * The exporter's HTTP interface: `/metrics`, `/-/healthy`, `/-/ready`, and the health of tokens for
 * applications where they have a token for it. `routes` add what needs more than memory to answer,
 * such as the status page.
 */
export function createApp(
  pages: Pages,
  tokenHealth: TokenHealthRoute | null = null,
  routes: readonly RequestHandler[] = [],
): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/metrics', (request, response) => {
    sendExposition(request, response, pages.exposition());
  });
  app.get('/-/healthy', (_, response) => {
    response.type('text').send('healthy\n');
  });
  app.get('/-/ready', (_, response) => {
    const state = pages.readiness();
    response
      .status(state.ready ? 200 : 503)
      .type('text')
      .send(state.ready ? 'ready\n' : `not ready: ${state.reason}\n`);
  });
  if (tokenHealth !== null) app.use(tokenHealthRoute(tokenHealth));
  for (const route of routes) app.use(route);
  app.use(({ method }, response) => {
    const reads = method === 'GET' || method === 'HEAD';
    if (!reads) response.set('Allow', 'GET, HEAD');
    response
      .status(reads ? 404 : 405)
      .type('text')
      .send(reads ? 'not found; see /\n' : 'only GET and HEAD\n');
  });
  return app;
}

/**
 * Sends the rendered bytes as they are.
 *
 * `res.end` and not `res.send`: the latter hashes the body for an ETag that no scraper uses.
 */
function sendExposition(request: Request, response: Response, exposition: Exposition): void {
  const encoded = wantsOpenMetrics(request) ? exposition.openMetrics : exposition.text;
  const body = chooseEncoding(request, encoded);
  response.writeHead(200, {
    'Content-Type': encoded.contentType,
    'Content-Length': body.length,
    Vary: 'Accept, Accept-Encoding',
    ...(body === encoded.gzip && { 'Content-Encoding': 'gzip' }),
  });
  response.end(body);
}

/**
 * The formats as a client may ask for them, the one for clients without a wish first. A media type
 * matches when it has every parameter that the client names, so each names what it is compatible
 * with: Prometheus 3 asks for `escaping`, which makes no difference to names as plain as ours.
 */
const textFormat = 'text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8';
const openMetricsFormat =
  'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8';

function wantsOpenMetrics(request: Request): boolean {
  return request.accepts([textFormat, openMetricsFormat]) === openMetricsFormat;
}

function chooseEncoding(request: Request, { identity, gzip }: EncodedExposition): Buffer {
  return request.acceptsEncodings('gzip', 'identity') === 'gzip' ? gzip : identity;
}

/** A server that listens, and how to stop it. */
export interface ListeningServer {
  /** Where it listens, for people: `http://127.0.0.1:6749`. */
  readonly url: string;
  /** Ends idle connections at once, and gives answers under way a moment to finish. */
  readonly close: () => Promise<void>;
}

/** Starts to listen. Rejects with the system's error, `EADDRINUSE` say. */
export async function listen(
  app: Express,
  { host, port }: ListenAddress,
): Promise<ListeningServer> {
  const server = createServer(app as Parameters<typeof createServer>[1]);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const anyHost = address.address === '0.0.0.0' || address.address === '::';
  const shown = anyHost
    ? 'localhost'
    : address.family === 'IPv6'
      ? `[${address.address}]`
      : address.address;
  return {
    url: `http://${shown}:${String(address.port)}`,
    close: () => closeServer(server),
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const impatience = setTimeout(() => {
      server.closeAllConnections();
    }, 2_000);
    server.close(() => {
      clearTimeout(impatience);
      resolve();
    });
    server.closeIdleConnections();
  });
}
