import { Agent, type Dispatcher } from 'undici';
import { endpointProblem } from './endpoint-url.js';
import type { Exchange, RequestLimits } from './exchange.js';
import { ExchangeReader } from './exchange-reader.js';

/** A POST. Everything in it may be secret. */
export interface EndpointRequest {
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer that comes late still holds the only valid refresh token: hence the long deadline. */
export const requestLimits: RequestLimits = {
  slowAfterMs: 30_000,
  deadlineMs: 120_000,
  maxBodyBytes: 1024 * 1024,
};

/**
 * Opens the connections that requests go over; close it at the end. Idle ones are kept only for a
 * moment: a request on a connection that the peer is just closing has an unknown fate.
 */
export function openConnections(options: { connectTimeoutMs?: number; ca?: string } = {}): Agent {
  const { connectTimeoutMs = 10_000, ca } = options;
  return new Agent({
    connect: { timeout: connectTimeoutMs, ...(ca === undefined ? {} : { ca }) },
    keepAliveTimeout: 1_000,
    keepAliveMaxTimeout: 1_000,
    // The limits of each request rule instead.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/**
 * Sends one POST, once, and reads its whole answer within the limits. Never throws, never follows
 * a redirect (it would carry the secret elsewhere) and never sends a second time: whoever repeats
 * a refresh must know that it does. `onSlow` is called when the answer is late but awaited still.
 */
export function sendBoundedRequest(
  connections: Dispatcher,
  request: EndpointRequest,
  limits: RequestLimits = requestLimits,
  onSlow: () => void = () => undefined,
): Promise<Exchange> {
  return new Promise((resolve) => {
    const reader = new ExchangeReader(request.url, limits, onSlow, resolve);
    const problem = endpointProblem(request.url);
    if (problem !== null) {
      reader.refuse(`the URL of the endpoint ${problem}`);
      return;
    }
    const { origin, pathname, search } = new URL(request.url);
    try {
      connections.dispatch(
        {
          origin,
          path: pathname + search,
          method: 'POST',
          headers: {
            'user-agent': 'oauth-token-exporter',
            'accept-encoding': 'identity',
            ...request.headers,
          },
          body: request.body,
        },
        reader,
      );
    } catch (error) {
      reader.onResponseError(null, error);
    }
  });
}
