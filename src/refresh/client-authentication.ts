/** How the client is known to the authorization server. */
export interface ClientCredentials {
  readonly clientId: string;
  /** Secret. null for a public client. */
  readonly clientSecret: string | null;
}

/** What a request carries to authenticate its client. Secret. */
export interface AuthenticationParts {
  readonly parameters: Readonly<Record<string, string>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A way to authenticate a client at the token endpoint (RFC 6749 section 2.3). */
export type ClientAuthentication = (client: ClientCredentials) => AuthenticationParts;

/** Credentials as form parameters: what most providers document. */
const clientSecretPost: ClientAuthentication = ({ clientId, clientSecret }) => ({
  parameters: { client_id: clientId, client_secret: clientSecret ?? '' },
  headers: {},
});

/** HTTP Basic, each half form-encoded first, so that a colon in one can't move the border. */
const clientSecretBasic: ClientAuthentication = ({ clientId, clientSecret }) => ({
  parameters: {},
  headers: {
    authorization: `Basic ${basicCredentials(clientId, clientSecret ?? '')}`,
  },
});

/** A public client only says who it is (RFC 6749 section 3.2.1). */
const none: ClientAuthentication = ({ clientId }) => ({
  parameters: { client_id: clientId },
  headers: {},
});

/** By the names of the OAuth registry (RFC 7591 section 2), which the configuration uses. */
export const clientAuthentication = {
  client_secret_post: clientSecretPost,
  client_secret_basic: clientSecretBasic,
  none,
} as const satisfies Readonly<Record<string, ClientAuthentication>>;

export type ClientAuthenticationMethod = keyof typeof clientAuthentication;

function basicCredentials(clientId: string, clientSecret: string): string {
  return Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString('base64');
}

/** RFC 6749 appendix B. Encodes no more than it must: some servers forget to decode. */
function formEncode(text: string): string {
  return encodeURIComponent(text).replaceAll('%20', '+');
}
