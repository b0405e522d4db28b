import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { RequestHandler } from 'express';
import type { ListenAddress } from '../config/config.js';
import type { Exposition } from './exposition.js';
import { metricsRoute, passingBy } from './metrics-route.js';
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
): RequestListener {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  const metrics = metricsRoute(pages.exposition);
  app.get('/metrics', metrics.answer);
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
  return passingBy(metrics, app);
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
  app: RequestListener,
  { host, port }: ListenAddress,
): Promise<ListeningServer> {
  const server = createServer(app);
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
