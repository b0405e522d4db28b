import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type Provider from 'oidc-provider';
import { GrantMemory } from './grant-memory.js';
import { loadOidcProvider } from './load-oidc-provider.js';

const scope = 'offline_access';
const tenYearsSeconds = 10 * 365 * 24 * 60 * 60;

/** Sees every request before the server and every answer after it: `(context, next)`, as in Koa. */
export type Middleware = Parameters<Provider['use']>[0];

export interface AuthorizationServerOptions {
  /** `expires_in` of the access tokens. */
  readonly accessTokenSeconds: number;
  /** Whether every refresh replaces the refresh token and a used one revokes its grant. */
  readonly rotate: boolean;
  /** Registers a client without a secret. */
  readonly publicClient?: boolean;
}

/** What one refresh token, or the access token that came with it, is worth. */
export interface IssuedGrant {
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface AuthorizationServer {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  /** Made up at the start. Accepted by client_secret_post and client_secret_basic alike. */
  readonly clientSecret: string;
  /** Authorizes the client for an account, without a browser. */
  issueGrant(accountId: string): Promise<IssuedGrant>;
  /** Withdraws a grant, as its user may at any time, by a refresh token of it. */
  revokeGrant(refreshToken: string): Promise<void>;
  /** True if this very refresh token would be accepted now. */
  isRefreshTokenValid(refreshToken: string): Promise<boolean>;
  /** True if the access token would be accepted by a resource server now. */
  isAccessTokenValid(accessToken: string): Promise<boolean>;
  counts(): AuthorizationCounts;
  /** Adds a middleware, the last added outermost; returns what removes it. */
  use(middleware: Middleware): () => void;
  /** Drops all connections. Safe to repeat. */
  stop(): Promise<void>;
}

/** What happened since the start. */
export interface AuthorizationCounts {
  /** Refresh requests that were answered with tokens. */
  readonly refreshes: number;
  /** Consumed refresh tokens that were presented again. Each cost its grant. */
  readonly replays: number;
  /** Grants revoked because of a replay. */
  readonly revokedByReplay: number;
}

/**
 * Starts a real authorization server (oidc-provider) on a loopback port of its own choice, with
 * refresh token rotation and replay detection (RFC 9700 section 4.14.2). Throws where the
 * optional package is not installed.
 */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions,
): Promise<AuthorizationServer> {
  const OidcProvider = await loadOidcProvider();
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const clientId = 'oauth-token-exporter';
  const clientSecret = randomBytes(24).toString('base64url');
  const provider = new OidcProvider(issuer, configure(options, clientId, clientSecret));
  // Koa would print what a middleware throws; the client of the request learns of it anyway.
  provider.silent = true;
  const counts = countEvents(provider);
  const middlewares = useMiddlewares(provider);
  const listener = provider.callback() as RequestListener;
  server.on('request', listener);

  const grantOf = async (refreshToken: string) => {
    const found = await provider.RefreshToken.find(refreshToken);
    const grant =
      found?.grantId === undefined ? undefined : await provider.Grant.find(found.grantId);
    return found === undefined || grant === undefined ? null : { token: found, grant };
  };

  return {
    tokenEndpoint: `${issuer}/token`,
    clientId,
    clientSecret,
    issueGrant: (accountId) => issueGrant(provider, clientId, accountId),
    revokeGrant: async (refreshToken) => {
      const grantId = (await grantOf(refreshToken))?.token.grantId;
      if (grantId === undefined) throw new Error('no grant has this refresh token');
      await provider.RefreshToken.adapter.revokeByGrantId(grantId);
      await provider.AccessToken.adapter.revokeByGrantId(grantId);
      await provider.Grant.adapter.destroy(grantId);
    },
    isRefreshTokenValid: async (refreshToken) => {
      const found = await grantOf(refreshToken);
      return found !== null && found.token.consumed === undefined;
    },
    isAccessTokenValid: async (accessToken) =>
      (await provider.AccessToken.find(accessToken)) !== undefined,
    counts: () => ({ ...counts }),
    use: (middleware) => {
      middlewares.unshift(middleware);
      return () => {
        const index = middlewares.indexOf(middleware);
        if (index !== -1) middlewares.splice(index, 1);
      };
    },
    stop: () => stop(server),
  };
}

function configure(
  { accessTokenSeconds, rotate, publicClient = false }: AuthorizationServerOptions,
  clientId: string,
  clientSecret: string,
): ConstructorParameters<typeof Provider>[1] {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    adapter: (_model) => new GrantMemory(),
    clients: [
      {
        client_id: clientId,
        ...(publicClient
          ? { token_endpoint_auth_method: 'none' }
          : { client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_post' }),
        grant_types: ['refresh_token', 'authorization_code'],
        redirect_uris: ['https://app.example.com/callback'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [privateKey.export({ format: 'jwk' })] },
    cookies: { keys: [randomBytes(24).toString('base64url')] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    rotateRefreshToken: rotate,
    scopes: [scope],
    ttl: {
      AccessToken: accessTokenSeconds,
      // An unused refresh token stays valid until it is revoked.
      RefreshToken: tenYearsSeconds,
      Grant: tenYearsSeconds,
    },
  };
}

async function issueGrant(
  provider: Provider,
  clientId: string,
  accountId: string,
): Promise<IssuedGrant> {
  const client = await provider.Client.find(clientId);
  if (client === undefined) throw new Error('the client is not registered');
  const grant = new provider.Grant({ clientId, accountId });
  grant.addOIDCScope(scope);
  const grantId = await grant.save();
  const parts = { client, accountId, grantId, scope, gty: 'authorization_code' };
  return {
    accessToken: await new provider.AccessToken(parts).save(),
    refreshToken: await new provider.RefreshToken(parts).save(),
  };
}

function countEvents(provider: Provider) {
  const counts = { refreshes: 0, replays: 0, revokedByReplay: 0 };
  provider.on('grant.success', () => {
    counts.refreshes += 1;
  });
  provider.on('grant.error', (_context, error) => {
    if (error.error_detail === 'refresh token already used') counts.replays += 1;
  });
  provider.on('grant.revoked', () => {
    counts.revokedByReplay += 1;
  });
  return counts;
}

/** Koa composes its middlewares once, so one of ours runs the list as it is at each request. */
function useMiddlewares(provider: Provider): Middleware[] {
  const middlewares: Middleware[] = [];
  provider.use((context, next) => {
    const layers = [...middlewares];
    const run = async (index: number): Promise<void> => {
      const layer = layers[index];
      await (layer === undefined ? next() : layer(context, () => run(index + 1)));
    };
    return run(0);
  });
  return middlewares;
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
