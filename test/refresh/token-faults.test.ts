import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Agent } from 'undici';
import {
  type AuthorizationServer,
  type Middleware,
  startAuthorizationServer,
} from '../../src/demo/authorization-server.js';
import { openConnections, requestLimits } from '../../src/refresh/bounded-request.js';
import type { Exchange } from '../../src/refresh/exchange.js';
import {
  secretsSent,
  sendRefreshRequest,
  type TokenEndpoint,
} from '../../src/refresh/token-endpoint.js';
import {
  type FailureAnswer,
  parseTokenResponse,
  type TokenAnswer,
} from '../../src/refresh/token-response.js';

let server: AuthorizationServer;
let connections: Agent;
let removeFault: () => void = () => undefined;

beforeAll(async () => {
  server = await startAuthorizationServer({ accessTokenSeconds: 3600, rotate: true });
  connections = openConnections();
});

afterEach(() => {
  removeFault();
  removeFault = () => undefined;
});

afterAll(async () => {
  await connections.destroy();
  await server.stop();
});

function inject(fault: Middleware): void {
  removeFault = server.use(fault);
}

function endpointWith(changes: Partial<TokenEndpoint> = {}): TokenEndpoint {
  return {
    url: server.tokenEndpoint,
    clientId: server.clientId,
    clientSecret: server.clientSecret,
    authentication: 'client_secret_post',
    extraParameters: {},
    headers: {},
    aliases: { bad_refresh_token: 'invalid_grant' },
    ...changes,
  };
}

interface Refresh {
  readonly usedToken: string;
  readonly exchange: Exchange;
  /** null when no whole answer came. */
  readonly answer: TokenAnswer | null;
}

async function refresh(
  usedToken: string,
  changes: Partial<TokenEndpoint> = {},
  onSlow?: () => void,
): Promise<Refresh> {
  const endpoint = endpointWith(changes);
  const exchange = await sendRefreshRequest(connections, endpoint, usedToken, onSlow);
  const answer = exchange.ok
    ? parseTokenResponse(exchange.raw, endpoint.aliases, secretsSent(endpoint, usedToken))
    : null;
  return { usedToken, exchange, answer };
}

async function refreshNew(changes: Partial<TokenEndpoint> = {}, onSlow?: () => void) {
  const { refreshToken } = await server.issueGrant('user-1');
  return refresh(refreshToken, changes, onSlow);
}

/** Answers in place of the server, which never sees the request. */
function instead(
  status: number,
  body: string | object,
  headers: Readonly<Record<string, string>> = {},
): Middleware {
  return (context) => {
    context.status = status;
    context.set(headers);
    context.body = body;
  };
}

/** Changes what the server answered: it has rotated the token by then. */
function changed(change: (fields: Record<string, unknown>) => unknown): Middleware {
  return async (context, next) => {
    await next();
    context.body = change(context.body as Record<string, unknown>);
  };
}

function without(name: string) {
  return (fields: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));
}

describe('a real authorization server', () => {
  it.each(['client_secret_post', 'client_secret_basic'] as const)(
    'answers %s with rotated tokens that work',
    async (authentication) => {
      const { usedToken, answer } = await refreshNew({ authentication });
      expect(answer).toMatchObject({ kind: 'tokens', expiresInSeconds: 3600 });
      if (answer?.kind !== 'tokens') return;
      expect(await server.isAccessTokenValid(answer.accessToken)).toBe(true);
      expect(await server.isRefreshTokenValid(answer.refreshToken!)).toBe(true);
      expect(await server.isRefreshTokenValid(usedToken)).toBe(false);
    },
  );

  it('answers a public client', async () => {
    const open = await startAuthorizationServer({
      accessTokenSeconds: 60,
      rotate: true,
      publicClient: true,
    });
    try {
      const { refreshToken } = await open.issueGrant('user-1');
      const { answer } = await refresh(refreshToken, {
        url: open.tokenEndpoint,
        authentication: 'none',
        clientSecret: null,
      });
      expect(answer).toMatchObject({ kind: 'tokens', expiresInSeconds: 60 });
    } finally {
      await open.stop();
    }
  });

  it.each([
    ['client_secret_post', 'wrong-secret'],
    ['client_secret_basic', 'wrong-secret'],
    ['client_secret_basic', 'wrong secret: %'],
  ] as const)('refuses a wrong client secret with %s and keeps the grant', async (by, wrong) => {
    const { usedToken, answer } = await refreshNew({ authentication: by, clientSecret: wrong });
    expect(answer).toMatchObject({ kind: 'failure', reason: 'invalid_client', permanent: true });
    expect(JSON.stringify(answer)).not.toContain(wrong);
    expect(await server.isRefreshTokenValid(usedToken)).toBe(true);
  });

  it('refuses a scope that was not granted', async () => {
    const { answer } = await refreshNew({ extraParameters: { scope: 'offline_access admin' } });
    expect(answer).toMatchObject({ kind: 'failure', permanent: true });
    expect(['invalid_scope', 'invalid_request']).toContain(
      answer?.kind === 'failure' && answer.reason,
    );
  });

  it('says invalid_grant truly: the user withdrew the grant', async () => {
    const { refreshToken } = await server.issueGrant('user-1');
    await server.revokeGrant(refreshToken);
    const { answer } = await refresh(refreshToken);
    expect(answer).toMatchObject({ kind: 'failure', reason: 'invalid_grant', permanent: true });
    expect(JSON.stringify(answer)).not.toContain(refreshToken);
  });
});

describe('an injected fault that leaves the grant as it was', () => {
  it.each<[string, Middleware, Partial<FailureAnswer>]>([
    [
      'a spurious invalid_grant, which only a second try can tell from a true one',
      instead(400, { error: 'invalid_grant' }),
      { reason: 'invalid_grant', permanent: true },
    ],
    [
      '429 with Retry-After',
      instead(429, { error: 'too_many_requests' }, { 'retry-after': '30' }),
      { reason: 'rate_limited', permanent: false, retryAfterMs: 30_000 },
    ],
    [
      '503',
      instead(503, { error: 'invalid_grant' }, { 'retry-after': '5' }),
      { reason: 'server_error', permanent: false, retryAfterMs: 5_000 },
    ],
    [
      'a page with status 400',
      instead(400, '<html><body>invalid_grant</body></html>'),
      { reason: 'unparseable_response', permanent: false },
    ],
    [
      'a page with status 200',
      instead(200, '<html><body>Welcome</body></html>'),
      { reason: 'unparseable_response', permanent: false },
    ],
    [
      "200 with an error under the provider's own code",
      instead(200, { error: 'bad_refresh_token' }),
      { reason: 'invalid_grant', permanent: true },
    ],
    [
      '400 with a code that RFC 6749 does not list',
      instead(400, { error: 'consent_required' }),
      { reason: 'other_error', permanent: false },
    ],
  ])('%s', async (_, fault, expected) => {
    inject(fault);
    const { usedToken, answer } = await refreshNew();
    expect(answer).toMatchObject({ kind: 'failure', ...expected });
    removeFault();
    expect((await refresh(usedToken)).answer).toMatchObject({ kind: 'tokens' });
  });

  it('a redirect is not followed', async () => {
    inject((context) => {
      context.redirect(server.tokenEndpoint);
    });
    const { usedToken, exchange } = await refreshNew();
    expect(exchange).toMatchObject({
      ok: false,
      reason: 'unparseable_response',
      mayHaveArrived: false,
    });
    expect(await server.isRefreshTokenValid(usedToken)).toBe(true);
  });
});

describe('an injected fault in an answer that holds new tokens', () => {
  it.each<[string, (fields: Record<string, unknown>) => unknown, number | null]>([
    ['a missing expires_in', without('expires_in'), null],
    ['expires_in as a string', (fields) => ({ ...fields, expires_in: '3600' }), 3600],
    ['expires_in 0', (fields) => ({ ...fields, expires_in: 0 }), null],
    ['no token_type', without('token_type'), 3600],
    ['a form instead of JSON', asForm, 3600],
    ['JSON as text/html', (fields) => JSON.stringify(fields, null, 2), 3600],
  ])('loses nothing: %s', async (_, change, expiresInSeconds) => {
    inject(changed(change));
    const { answer } = await refreshNew();
    expect(answer).toMatchObject({ kind: 'tokens', expiresInSeconds });
    if (answer?.kind !== 'tokens') return;
    expect(await server.isRefreshTokenValid(answer.refreshToken!)).toBe(true);
  });

  it('no refresh token: null, so that the used one is kept', async () => {
    inject(changed(without('refresh_token')));
    expect((await refreshNew()).answer).toMatchObject({ kind: 'tokens', refreshToken: null });
  });

  it('an answer that comes after "slow" counts', async () => {
    let release: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      release = resolve;
    });
    inject(async (_context, next) => {
      await next();
      await late;
    });
    const limits = { ...requestLimits, slowAfterMs: 20 };
    const { exchange, answer } = await refreshNew({ limits }, () => {
      release();
    });
    expect(exchange).toMatchObject({ ok: true });
    expect(answer).toMatchObject({ kind: 'tokens' });
  });

  it.each<[string, number, Middleware, object]>([
    [
      'a hang',
      1_500,
      async (context, next) => {
        await next();
        context.respond = false;
      },
      { reason: 'timeout', halfReadStatus: null },
    ],
    [
      'a body of 10 MB',
      requestLimits.deadlineMs,
      changed((fields) => ({ ...fields, padding: 'x'.repeat(10 * 1024 * 1024) })),
      { reason: 'unparseable_response', halfReadStatus: 200 },
    ],
    [
      'a connection that is reset in the middle of the body',
      requestLimits.deadlineMs,
      async (context, next) => {
        await next();
        const text = JSON.stringify(context.body);
        context.respond = false;
        context.res.writeHead(200, { 'content-length': text.length });
        context.res.write(text.slice(0, text.length / 2), () => {
          context.req.socket.resetAndDestroy();
        });
      },
      { reason: 'network', halfReadStatus: 200 },
    ],
  ])('%s is reported as what it is: tokens may be lost', async (_, deadlineMs, fault, expected) => {
    inject(fault);
    const limits = { ...requestLimits, deadlineMs };
    const { usedToken, exchange } = await refreshNew({ limits });
    expect(exchange).toMatchObject({ ok: false, mayHaveArrived: true, ...expected });
    expect(JSON.stringify(exchange)).not.toContain(usedToken);
    expect(await server.isRefreshTokenValid(usedToken)).toBe(false);
  });
});

function asForm(fields: Record<string, unknown>): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) form.set(name, String(value));
  return form.toString();
}
