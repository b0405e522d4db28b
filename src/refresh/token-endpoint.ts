import type { Dispatcher } from 'undici';
import { type EndpointRequest, requestLimits, sendBoundedRequest } from './bounded-request.js';
import {
  clientAuthentication,
  type ClientAuthenticationMethod,
  type ClientCredentials,
} from './client-authentication.js';
import type { Exchange, RequestLimits } from './exchange.js';

/** How to refresh at a provider's token endpoint. A provider's quirks are data in here. */
export interface TokenEndpoint extends ClientCredentials {
  readonly url: string;
  readonly authentication: ClientAuthenticationMethod;
  /** Fixed form parameters: `scope`, `resource`. They can't replace those of the request. */
  readonly extraParameters: Readonly<Record<string, string>>;
  /** Fixed headers, as `accept`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The provider's own error codes → those of RFC 6749 section 5.2. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly limits?: RequestLimits;
}

/** Builds the request of RFC 6749 section 6. Secret. */
export function buildRefreshRequest(
  endpoint: TokenEndpoint,
  refreshToken: string,
): EndpointRequest {
  return {
    url: endpoint.url,
    headers: requestHeaders(endpoint),
    body: new URLSearchParams({
      ...endpoint.extraParameters,
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      ...clientAuthentication[endpoint.authentication](endpoint).parameters,
    }).toString(),
  };
}

function requestHeaders(endpoint: TokenEndpoint): Readonly<Record<string, string>> {
  const configured: Record<string, string> = {};
  for (const [name, value] of Object.entries(endpoint.headers)) {
    configured[name.toLowerCase()] = value;
  }
  return {
    accept: 'application/json',
    ...configured,
    'content-type': 'application/x-www-form-urlencoded',
    ...clientAuthentication[endpoint.authentication](endpoint).headers,
  };
}

/**
 * Sends one refresh request. The answer comes back raw: it is to be journalled before
 * `parseTokenResponse` looks at it, since under rotation it may hold the only valid token.
 */
export function sendRefreshRequest(
  connections: Dispatcher,
  endpoint: TokenEndpoint,
  refreshToken: string,
  onSlow?: () => void,
): Promise<Exchange> {
  const request = buildRefreshRequest(endpoint, refreshToken);
  return sendBoundedRequest(connections, request, endpoint.limits ?? requestLimits, onSlow);
}

/** Everything secret that a refresh request sends, for `parseTokenResponse` to keep out of words. */
export function secretsSent(endpoint: TokenEndpoint, refreshToken: string): string[] {
  const { authorization } = requestHeaders(endpoint);
  return [refreshToken, endpoint.clientSecret, authorization?.split(' ')[1]].filter(
    (secret): secret is string => typeof secret === 'string' && secret !== '',
  );
}
