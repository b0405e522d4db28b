/**
 * Why a refresh did not bring a new access token: the closed list.
 *
 * The words are metric label values and therefore part of the interface: renaming one is a
 * breaking change. The first six are the codes of RFC 6749 section 5.2.
 */
export const failureReasons = [
  'invalid_grant',
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_request',
  'other_error',
  'rate_limited',
  'server_error',
  'timeout',
  'network',
  'unparseable_response',
  'no_refresh_token',
  'not_advanced',
  'superseded',
  'storage',
] as const;
export type FailureReason = (typeof failureReasons)[number];

/** Whom a failure concerns, which decides what is done about it. */
export type FailureScope =
  /** The authorization is gone: confirmed once more, then dead. */
  | 'grant'
  /** Our client registration: every token of the provider would fail alike. */
  | 'client'
  /** Our request for this one token is wrong, or there is nothing to send. */
  | 'token'
  /** Nobody's fault that lasts: tried again after a backoff. */
  | 'transient'
  /** Someone else refreshed the token first. Not a failure of anything. */
  | 'none';

/**
 * Says whom a failure concerns.
 *
 * Only the parsed codes of RFC 6749 section 5.2 are permanent. Whatever else an endpoint says is
 * transient: a status alone never proves that a grant is gone.
 */
export function failureScope(reason: FailureReason): FailureScope {
  switch (reason) {
    case 'invalid_grant':
      return 'grant';
    case 'invalid_client':
    case 'unauthorized_client':
    case 'unsupported_grant_type':
      return 'client';
    case 'invalid_scope':
    case 'invalid_request':
    case 'no_refresh_token':
      return 'token';
    case 'other_error':
    case 'rate_limited':
    case 'server_error':
    case 'timeout':
    case 'network':
    case 'unparseable_response':
    case 'not_advanced':
    case 'storage':
      return 'transient';
    case 'superseded':
      return 'none';
  }
}
