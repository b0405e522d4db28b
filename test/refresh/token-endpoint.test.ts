import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildRefreshRequest,
  secretsSent,
  type TokenEndpoint,
} from '../../src/refresh/token-endpoint.js';

const endpoint: TokenEndpoint = {
  url: 'https://provider.example.com/token',
  clientId: 'client-1',
  clientSecret: 'planted-secret',
  authentication: 'client_secret_post',
  extraParameters: {},
  headers: {},
  aliases: {},
};

const parametersOf = (changes: Partial<TokenEndpoint>) =>
  Object.fromEntries(
    new URLSearchParams(buildRefreshRequest({ ...endpoint, ...changes }, 'rt').body),
  );

describe('a refresh request', () => {
  it('with client_secret_post carries the credentials in its form', () => {
    const { url, headers } = buildRefreshRequest(endpoint, 'rt');
    expect(url).toBe(endpoint.url);
    expect(headers).toEqual({
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(parametersOf({})).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'rt',
      client_id: 'client-1',
      client_secret: 'planted-secret',
    });
  });

  it('with client_secret_basic carries them in a header, each half form-encoded', () => {
    const basic = { ...endpoint, authentication: 'client_secret_basic' as const };
    const odd = { ...basic, clientId: 'a:b c', clientSecret: 'p%+:ü' };
    const { headers, body } = buildRefreshRequest(odd, 'rt');
    const decoded = Buffer.from(headers['authorization']!.replace('Basic ', ''), 'base64');
    expect(decoded.toString()).toBe('a%3Ab+c:p%25%2B%3A%C3%BC');
    expect(body).toBe('grant_type=refresh_token&refresh_token=rt');
  });

  it('of a public client only says who it is', () => {
    expect(parametersOf({ authentication: 'none', clientSecret: null })).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'rt',
      client_id: 'client-1',
    });
  });

  it('carries the fixed parameters and headers of the provider', () => {
    const headers = { Accept: 'application/vnd.api+json', 'X-Version': '2' };
    const request = buildRefreshRequest({ ...endpoint, headers }, 'rt');
    expect(request.headers).toMatchObject({ accept: headers.Accept, 'x-version': '2' });
    expect(parametersOf({ extraParameters: { scope: 'a b', resource: 'r' } })).toMatchObject({
      scope: 'a b',
      resource: 'r',
    });
  });

  it('never lets a fixed parameter or header replace its own', () => {
    const extraParameters = { grant_type: 'password', refresh_token: 'x', client_id: 'y' };
    expect(parametersOf({ extraParameters })).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'rt',
      client_id: 'client-1',
    });
    const headers = { Authorization: 'x', 'Content-Type': 'text/plain' };
    const authentication = 'client_secret_basic' as const;
    const request = buildRefreshRequest({ ...endpoint, authentication, headers }, 'rt');
    expect(request.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(request.headers['authorization']).toMatch(/^Basic /);
  });

  it('carries any refresh token unchanged', () => {
    fc.assert(
      fc.property(fc.string(), (refreshToken) => {
        const { body } = buildRefreshRequest(endpoint, refreshToken);
        expect(new URLSearchParams(body).get('refresh_token')).toBe(refreshToken);
      }),
    );
  });

  it('has its secrets listed: token, client secret, and what Basic makes of it', () => {
    expect(secretsSent(endpoint, 'rt')).toEqual(['rt', 'planted-secret']);
    const basic = { ...endpoint, authentication: 'client_secret_basic' as const };
    const credentials = Buffer.from('client-1:planted-secret').toString('base64');
    expect(secretsSent(basic, 'rt')).toEqual(['rt', 'planted-secret', credentials]);
    expect(secretsSent({ ...endpoint, clientSecret: null, authentication: 'none' }, 'rt')).toEqual([
      'rt',
    ]);
  });
});
