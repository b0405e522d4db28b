import type { AppEndpointConfig } from '../config/refresh-config.js';
import type { EndpointRequest } from './bounded-request.js';

/** The row that a call is about, where the endpoint refreshes one at a time. */
export interface CalledRow {
  readonly tokenId: string;
  readonly subject: string | null;
}

/**
 * Builds a call to an endpoint of the application. In the body `{{subject}}` and `{{token_id}}` are
 * replaced by the row's, and the names in `more` by their values, escaped as JSON strings are.
 */
export function buildAppEndpointRequest(
  { url, headers, body }: Pick<AppEndpointConfig, 'url' | 'headers' | 'body'>,
  row: CalledRow | null,
  more: Readonly<Record<string, string>> = {},
): EndpointRequest {
  const values: ReadonlyMap<string, string> = new Map(
    Object.entries({ subject: row?.subject ?? '', token_id: row?.tokenId ?? '', ...more }),
  );
  const filled = (body ?? '{}').replaceAll(/\{\{(\w+)\}\}/g, (placeholder, name: string) => {
    const value = values.get(name);
    return value === undefined ? placeholder : JSON.stringify(value).slice(1, -1);
  });
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
