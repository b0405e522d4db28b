import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nothingKnown } from '../../src/assess/assess.js';
import type { Assessment } from '../../src/assess/assess.js';
import type { AssessedToken } from '../../src/assess/assessed-token.js';
import { noneUnrefreshed } from '../../src/assess/unrefreshed.js';
import { createApp, listen, type ListeningServer } from '../../src/publish/server.js';
import { healthStates, subjectHealth } from '../../src/publish/token-health.js';
import { readDocument, tables } from '../docs/markdown.js';
import { assessmentOf, observedAt, providerOf } from './assessments.js';
import { assessedToken } from './assessed-tokens.js';
import { expose } from './expose.js';
import { request } from './request.js';

const now = observedAt.getTime();
const minute = 60_000;

function seen(...tokens: readonly AssessedToken[]): Assessment {
  const grants = { live: 0, at_risk: 0, dead: 0, disabled: 0, unknown: 0 };
  return assessmentOf({
    app: providerOf({
      grants: {
        grants,
        falselyDeactivated: 0,
        overdue: 0,
        due: [],
        tokens,
        active: tokens,
        unrefreshed: noneUnrefreshed,
      },
    }),
  });
}

const healthOf = (token: AssessedToken, atMs = now) => {
  const [health] = subjectHealth(seen(token), 'user-1', null, atMs)?.tokens ?? [];
  return health && [health.state, health.usable];
};
const dead = { deadSinceMs: now - minute, failedAtMs: now - minute, fingerprint: 'f' };

describe('what an application is told of a token', () => {
  it.each([
    ['valid for another day', assessedToken(now), 'usable', true],
    [
      'a millisecond more than the leeway left',
      assessedToken(now, { expiresAtMs: now + minute + 1 }),
      'usable',
      true,
    ],
    [
      'exactly the leeway left',
      assessedToken(now, { expiresAtMs: now + minute }),
      'refreshing',
      false,
    ],
    ['never expires', assessedToken(now, { expiresAtMs: Infinity }), 'usable', true],
    ['no expiry recorded', assessedToken(now, { expiresAtMs: null }), 'unknown', null],
    ['dead, but its access token still valid', assessedToken(now, {}, dead), 'usable', true],
    [
      'dead and expired',
      assessedToken(now, { expiresAtMs: now - minute }, dead),
      'must_reconnect',
      false,
    ],
    [
      'expired without a refresh token',
      assessedToken(now, { expiresAtMs: now - minute, hasRefreshToken: false }),
      'must_reconnect',
      false,
    ],
    ['expired and ours to refresh', assessedToken(now, { expiresAtMs: 0 }), 'refreshing', false],
    [
      'expired and not ours to refresh',
      assessedToken(now, { expiresAtMs: now - minute }, {}, null),
      'expired',
      false,
    ],
    ['switched off', assessedToken(now, { active: false }), 'disabled', false],
  ] as const)('%s', (_, token, state, usable) => {
    expect(healthOf(token)).toEqual([state, usable]);
  });

  it('goes by the time of the question, not of the poll', () => {
    const token = assessedToken(now, { expiresAtMs: now + 2 * minute });
    expect(healthOf(token, now + minute - 1)).toEqual(['usable', true]);
    expect(healthOf(token, now + minute)).toEqual(['refreshing', false]);
  });

  it('is usable as a whole only when every token is', () => {
    const good = assessedToken(now);
    const unknown = assessedToken(now, { id: 't2', expiresAtMs: null });
    const expired = assessedToken(now, { id: 't3', expiresAtMs: 0 });
    const usable = (...tokens: AssessedToken[]) =>
      subjectHealth(seen(...tokens), 'user-1', null, now)?.usable;
    expect(usable(good)).toBe(true);
    expect(usable(good, unknown)).toBe(null);
    expect(usable(good, unknown, expired)).toBe(false);
  });
});

it('documents every state', () => {
  const [states = []] = tables(readDocument('docs/token-health.md').text);
  const named = states.slice(1).map(([state = '']) => state.replaceAll('`', ''));
  expect(named).toEqual(healthStates);
});

describe('GET /api/v1/tokens/<subject>/health', () => {
  const apiToken = 'planted-api-token-0123456789';
  let latest: Assessment = nothingKnown;
  let server: ListeningServer;
  let closed: ListeningServer;
  beforeAll(async () => {
    const exposition = await expose([]);
    const pages = {
      exposition: () => exposition,
      readiness: () => ({ ready: true }) as const,
    };
    const health = { apiToken, latest: () => latest, now: () => observedAt, maxAgeMs: 10_000 };
    server = await listen(createApp(pages, health), { host: '127.0.0.1', port: 0 });
    closed = await listen(createApp(pages), { host: '127.0.0.1', port: 0 });
  });
  afterAll(() => Promise.all([server.close(), closed.close()]));

  const ask = async (path: string, bearer: string | null = apiToken) => {
    const headers: Record<string, string> =
      bearer === null ? {} : { Authorization: `Bearer ${bearer}` };
    const { status, headers: answered, body } = await request(`${server.url}${path}`, { headers });
    return {
      status,
      cache: answered['cache-control'],
      json: JSON.parse(body.toString()) as unknown,
    };
  };

  it('answers from the last poll, and may be kept for a moment', async () => {
    latest = seen(assessedToken(now, { account: 'ada@planted.example' }));
    const { status, cache, json } = await ask('/api/v1/tokens/user-1/health');
    expect([status, cache]).toEqual([200, 'private, max-age=10']);
    expect(json).toEqual({
      subject: 'user-1',
      usable: true,
      observed_at: observedAt.toISOString(),
      tokens: [
        {
          provider: 'app',
          token_id: 't1',
          state: 'usable',
          usable: true,
          expires_at: new Date(now + 86_400_000).toISOString(),
        },
      ],
    });
  });

  it('takes a subject as a URL has it, and a provider', async () => {
    latest = seen(assessedToken(now, { subject: 'a/b c%' }));
    const path = `/api/v1/tokens/${encodeURIComponent('a/b c%')}/health`;
    expect((await ask(path)).status).toBe(200);
    expect((await ask(`${path}?provider=app`)).status).toBe(200);
    expect((await ask(`${path}?provider=other`)).status).toBe(404);
  });

  it.each([
    ['none', null],
    ['a wrong one', 'x'.repeat(28)],
    ['a shorter one', 'x'],
    ['one with more behind it', `${apiToken}x`],
  ])('refuses a bearer token that is not the right one: %s', async (_, bearer) => {
    latest = seen(assessedToken(now));
    const { status, cache, json } = await ask('/api/v1/tokens/user-1/health', bearer);
    expect([status, cache]).toEqual([401, 'no-store']);
    expect(json).toEqual({ error: 'send the API_TOKEN as bearer token' });
  });

  it('knows no stranger', async () => {
    latest = seen(assessedToken(now));
    expect((await ask('/api/v1/tokens/stranger/health')).status).toBe(404);
  });

  it('says so while nothing is known, and why', async () => {
    latest = { ...nothingKnown, memoryProblem: 'the role may not create the schema' };
    const { status, json } = await ask('/api/v1/tokens/user-1/health');
    expect(status).toBe(503);
    expect(json).toEqual({
      error: 'nothing is known of any grant: the role may not create the schema',
    });
  });

  it('does not exist without an API_TOKEN', async () => {
    const headers = { Authorization: 'Bearer undefined' };
    const path = '/api/v1/tokens/user-1/health';
    expect((await request(`${closed.url}${path}`, { headers })).status).toBe(404);
  });
});
