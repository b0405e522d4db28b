import type { AppEndpointConfig } from '../config/config.js';
import type { EndpointRequest } from './bounded-request.js';

/** The row that a call is about, where the endpoint refreshes one at a time. */
export interface CalledRow {
  readonly tokenId: string;
  readonly subject: string | null;
}

/**
 * Builds a call to the application's own refresh endpoint. In the body `{{subject}}` and
 * `{{token_id}}` are replaced by the row's, escaped as JSON strings are.
 */
export function buildAppEndpointRequest(
  { url, headers, body }: AppEndpointConfig,
  row: CalledRow | null,
): EndpointRequest {
  const values: Readonly<Record<string, string>> = {
    subject: row?.subject ?? '',
    token_id: row?.tokenId ?? '',
  };
  const filled = (body ?? '{}').replaceAll(/\{\{(subject|token_id)\}\}/g, (_, name: string) =>
    JSON.stringify(values[name] ?? '').slice(1, -1),
  );
  const lowerCase = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    url,
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      ...(Object.fromEntries(lowerCase) as Record<string, string>),
    },
    body: filled,
  };
}
