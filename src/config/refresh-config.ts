export const refreshModes = ['on', 'shadow', 'off'] as const;

/** How, how fast and whether the tokens of a provider are refreshed. */
export interface RefreshConfig {
  /** shadow: decides and counts, and touches nothing. */
  readonly mode: (typeof refreshModes)[number];
  readonly way: TokenEndpointConfig | AppEndpointConfig;
  readonly rateLimit: RateLimit;
  /** Requests in flight at a time. */
  readonly concurrency: number;
  /** A second `invalid_grant` on the same refresh token, this much later, means that the grant is dead. */
  readonly invalidGrantConfirmAfterMs: number;
}

export interface RateLimit {
  readonly requests: number;
  readonly perMs: number;
}

export const clientAuthentications = ['client_secret_post', 'client_secret_basic', 'none'] as const;

/** The provider's token endpoint (RFC 6749 section 6), and its quirks as data. */
export interface TokenEndpointConfig {
  readonly kind: 'token_endpoint';
  readonly url: string;
  readonly clientId: string;
  /** Secret. */
  readonly clientSecret: string | null;
  readonly clientAuthentication: (typeof clientAuthentications)[number];
  /** Further parameters of the request. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** The provider's own error code → the code of RFC 6749 section 5.2 that it stands for. */
  readonly errorAliases: Readonly<Record<string, string>>;
}

/** An endpoint of the application that refreshes all its tokens, or one. */
export interface AppEndpointConfig {
  readonly kind: 'app_endpoint';
  readonly url: string;
  /** Values are secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. Per row, `{{subject}}` and `{{token_id}}` in it name the row. */
  readonly body: string | null;
  readonly perRow: boolean;
}
