import { describe, expect, it } from 'vitest';
import { failureReasons, failureScope } from '../../src/refresh/failure-reason.js';
import type { FailureScope } from '../../src/refresh/failure-reason.js';

describe('failure reasons', () => {
  it('are these words, which dashboards and rules rely on', () => {
    expect(failureReasons).toEqual([
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
    ]);
  });

  it('concern the grant, our client, one token, nobody for long, or nobody', () => {
    const byScope = (scope: FailureScope) =>
      failureReasons.filter((reason) => failureScope(reason) === scope);
    expect(byScope('grant')).toEqual(['invalid_grant']);
    expect(byScope('client')).toEqual([
      'invalid_client',
      'unauthorized_client',
      'unsupported_grant_type',
    ]);
    expect(byScope('token')).toEqual(['invalid_scope', 'invalid_request', 'no_refresh_token']);
    expect(byScope('none')).toEqual(['superseded']);
    expect(byScope('transient')).toHaveLength(8);
  });
});
