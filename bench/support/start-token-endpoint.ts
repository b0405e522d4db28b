import { startChild } from './child.js';

/** What the endpoint saw since it was last told to forget. */
export interface EndpointCounts {
  readonly requests: number;
  /** With a refresh token that was used before, or never given. */
  readonly refused: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

export interface TokenEndpointProcess {
  readonly url: string;
  readonly counts: () => Promise<EndpointCounts>;
  /** Counts from zero again. */
  readonly reset: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts a token endpoint on loopback that answers after `delayMs`. */
export async function startTokenEndpoint(delayMs = 0): Promise<TokenEndpointProcess> {
  const child = startChild(new URL('./token-endpoint.ts', import.meta.url), [String(delayMs)]);
  const port = (await child.next()) as number;
  return {
    url: `http://127.0.0.1:${String(port)}/token`,
    counts: async () => (await child.ask('counts')) as EndpointCounts,
    reset: async () => {
      await child.ask('reset');
    },
    stop: child.stop,
  };
}
