import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import { goAhead } from '../give-way.js';
import type { Exposition } from './exposition.js';

/** How `/metrics` is answered. */
export interface MetricsRoute {
  /** Answers a client whose wishes are known. False: it is for Express to find out what it wants. */
  readonly answerKnown: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Finds out what a client wants, remembers it, and answers. */
  readonly answer: (request: Request, response: Response) => void;
}

/** What a client wants. */
interface Choice {
  readonly format: keyof Exposition;
  readonly isGzip: boolean;
}

/**
 * Few kinds of clients ask, each with the same words every time. Who makes words up is not
 * remembered any more: it is answered all the same, by way of Express.
 */
const mostChoices = 100;

/**
 * Serves what was rendered last. Express reads a client's wishes (RFC 9110 section 12.5) once; after
 * that its scrapes pass it by, and cost little more than the bytes.
 */
export function metricsRoute(exposition: () => Exposition): MetricsRoute {
  const choices = new Map<string, Choice>();
  return {
    answerKnown(request, response) {
      if (request.url !== '/metrics' || request.method !== 'GET') return false;
      const choice = choices.get(wishesOf(request));
      if (choice === undefined) return false;
      sendExposition(response, exposition(), choice);
      return true;
    },
    answer(request, response) {
      const choice: Choice = {
        format: wantsOpenMetrics(request) ? 'openMetrics' : 'text',
        isGzip: request.acceptsEncodings('gzip', 'identity') === 'gzip',
      };
      if (choices.size < mostChoices) choices.set(wishesOf(request), choice);
      sendExposition(response, exposition(), choice);
    },
  };
}

/** Lets a client whose wishes are known pass Express by. */
export function passingBy(route: MetricsRoute, app: RequestListener): RequestListener {
  return (request, response) => {
    if (!route.answerKnown(request, response)) app(request, response);
  };
}

/** No header can hold the separator. */
function wishesOf({ headers }: IncomingMessage): string {
  return `${headers.accept ?? '\0'}\n${headers['accept-encoding'] ?? '\0'}`;
}

/**
 * Sends the rendered bytes as they are.
 *
 * `res.end` and not `res.send`: the latter hashes the body for an ETag that no scraper uses.
 */
function sendExposition(
  response: ServerResponse,
  exposition: Exposition,
  { format, isGzip }: Choice,
): void {
  const { contentType, gzip, identity } = exposition[format];
  const body = isGzip ? [gzip] : identity;
  response.writeHead(200, {
    'Content-Type': contentType,
    'Content-Length': body.reduce((sum, { length }) => sum + length, 0),
    Vary: 'Accept, Accept-Encoding',
    ...(isGzip && { 'Content-Encoding': 'gzip' }),
  });
  if (body.length > 1) response.cork();
  for (const part of body.slice(0, -1)) response.write(part);
  response.end(body.at(-1));
  goAhead(response);
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
