import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assessSyncFailures,
  classifySyncFailure,
  syncAuthFailedAtMs,
} from '../../src/assess/sync-failures.js';
import { syncFailureReasons } from '../../src/config/sync-config.js';
import { loadFrom } from '../config/load-from.js';

const loaded = loadFrom({}, { DATABASE_URL: 'postgresql://localhost/app' });
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
const patterns = loaded.config.providers[0]?.syncs?.failureReasons ?? [];

describe('what the reference application writes when a sync fails', () => {
  it.each([
    ['Token refresh failed: invalid_grant', 'reauthorize'],
    ['User needs to reconnect Fathom', 'reauthorize'],
    ['No refresh token available', 'reauthorize'],
    ['Fathom API error: 401 - Unauthorized', 'auth'],
    ['Fathom API error: 401 - {"error":"invalid_grant"}', 'reauthorize'],
    ['Fathom API error: 4010', 'other'],
    ['Fathom API error: 429 Too Many Requests', 'rate_limited'],
    ['Supabase configuration missing: current_setting() is NULL', 'configuration'],
    ['Missing Fathom OAuth configuration', 'configuration'],
    ['Fathom API error: 402 quota exceeded', 'quota'],
    ['HTTP 409: a sync is in progress', 'benign'],
    ['Fathom API error: 500', 'other'],
    ['<html>gateway</html>', 'other'],
    ['', 'other'],
    [null, 'other'],
  ] as const)('%s: %s', (message, reason) => {
    expect(classifySyncFailure(message, patterns)).toBe(reason);
  });

  it('always has a reason of the list, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (message) => {
        expect(syncFailureReasons).toContain(classifySyncFailure(message, patterns));
      }),
    );
  });
});

describe('failures since the last success', () => {
  const of = (tokenId: string, atMs: number, message: string | null) => ({
    tokenId,
    subject: `user of ${tokenId}`,
    atMs,
    message,
  });

  it('tell the newest reason of each token, and count it once', () => {
    const { byReason, byToken } = assessSyncFailures(
      [of('a', 3, '429'), of('b', 2, 'invalid_grant'), of('a', 1, 'API error: 401')],
      patterns,
    );
    expect(byToken.get('a')).toMatchObject({ atMs: 3, reason: 'rate_limited' });
    expect(byReason).toEqual({
      reauthorize: 1,
      auth: 0,
      rate_limited: 1,
      configuration: 0,
      quota: 0,
      benign: 0,
      other: 0,
    });
  });

  it('do not hide behind one that is benign', () => {
    const hidden = assessSyncFailures([of('a', 3, '409'), of('a', 2, 'API error: 401')], patterns);
    expect(hidden.byToken.get('a')).toMatchObject({ atMs: 2, reason: 'auth' });
    const alone = assessSyncFailures([of('a', 3, '409'), of('a', 2, '409')], patterns);
    expect(alone.byToken.get('a')).toMatchObject({ atMs: 3, reason: 'benign' });
  });

  it.each([
    ['API error: 401', 5],
    ['invalid_grant', 5],
    ['429', null],
    ['409', null],
  ])('of "%s" make a token suspect since %s', (message, since) => {
    const failures = assessSyncFailures([of('a', 5, message)], patterns);
    expect(syncAuthFailedAtMs(failures, 'a')).toBe(since);
    expect(syncAuthFailedAtMs(failures, 'b')).toBeNull();
    expect(syncAuthFailedAtMs(null, 'a')).toBeNull();
  });
});
