import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openConnections } from '../../src/refresh/bounded-request.js';
import { callSyncEndpoint } from '../../src/remedy/call-sync-endpoint.js';
import type { SyncAnswer } from '../../src/remedy/sync-answer.js';
import { json, startSyncEndpoint, synced } from './sync-endpoint.js';
import type { SyncEndpoint } from './sync-endpoint.js';

const key = 'planted service key';
let server: SyncEndpoint;
const connections = openConnections();
const limits = { slowAfterMs: 100, deadlineMs: 300, maxBodyBytes: 10_000 };

beforeAll(async () => {
  server = await startSyncEndpoint();
});
afterAll(async () => {
  await connections.close();
  await server.stop();
});
afterEach(() => {
  server.answer = synced;
  server.calls.length = 0;
});

const call = (changes: { url?: string; subject?: string | null } = {}): Promise<SyncAnswer> =>
  callSyncEndpoint(
    connections,
    {
      url: changes.url ?? `${server.url}/functions/v1/fathom-sync`,
      headers: { Authorization: `Bearer ${key}` },
      body: '{"sync_type":"{{sync_type}}","user_id":"{{subject}}"}',
      concurrency: 2,
    },
    { tokenId: 't1', subject: changes.subject ?? 'u1', syncType: 'incremental' },
    limits,
  );

describe('a call of the sync endpoint', () => {
  it('says whom to sync and how, with the key in its header', async () => {
    expect(await call({ subject: '"},{"user_id":"all' })).toMatchObject({ outcome: 'success' });
    expect(server.calls).toHaveLength(1);
    expect(server.calls[0]).toMatchObject({
      path: '/functions/v1/fathom-sync',
      headers: { authorization: `Bearer ${key}` },
      body: { sync_type: 'incremental', user_id: '"},{"user_id":"all' },
    });
  });

  it.each<[string, ReturnType<typeof json>, object]>([
    ['success', synced, { outcome: 'success', stored: 2, detail: 'HTTP 200: stored 2 of 2' }],
    ['success that says no numbers', json(200, {}), { outcome: 'success', stored: null }],
    ['success without errors', json(200, { success: true, errors: [] }), { outcome: 'success' }],
    [
      'errors inside a success',
      json(200, { success: true, meetings_synced: 1, errors: ['a meeting failed', 'another'] }),
      {
        outcome: 'partial',
        stored: 1,
        errors: 2,
        detail: 'HTTP 200: stored 1: 2 errors: a meeting failed',
      },
    ],
    ['the quota is used up', json(402, { error: 'quota' }), { outcome: 'quota' }],
    [
      'a sync is under way, and when to ask again',
      json(409, { error: 'in progress', retry_after_seconds: 1.5 }),
      { outcome: 'in_progress', retryAfterMs: 1_500 },
    ],
    [
      'a sync is under way, in the header',
      json(409, {}, { 'retry-after': '7' }),
      { outcome: 'in_progress', retryAfterMs: 7_000 },
    ],
    [
      'a sync is under way, and a wait of a year',
      json(409, { retry_after_seconds: 31_536_000 }),
      { outcome: 'in_progress', retryAfterMs: 3_600_000 },
    ],
    ['a sync is under way', json(409, ''), { outcome: 'in_progress', retryAfterMs: null }],
    [
      'a failure',
      json(500, { success: false, error: 'Fathom API error: 401' }),
      { outcome: 'failed', reason: 'server_error', detail: 'HTTP 500: Fathom API error: 401' },
    ],
    [
      'no success, and 200',
      json(200, { success: false, error: 'No integration' }),
      { outcome: 'failed', reason: 'other_error' },
    ],
    ['a page', json(200, '<html>hello</html>'), { reason: 'unparseable_response' }],
    ['nothing', json(200, ''), { outcome: 'failed', reason: 'unparseable_response' }],
    ['the key is wrong', json(401, {}), { reason: 'rejected', detail: /credentials/ }],
    ['there is no such function', json(404, {}), { reason: 'rejected', detail: /URL/ }],
    [
      'too many',
      json(429, {}, { 'retry-after': '3' }),
      { reason: 'rate_limited', retryAfterMs: 3_000 },
    ],
    [
      'look elsewhere',
      json(302, {}, { location: 'http://127.0.0.1:1/' }),
      { outcome: 'failed', reason: 'unparseable_response' },
    ],
    ['more than it may', json(200, 'x'.repeat(20_000)), { outcome: 'failed' }],
  ])('understands: %s', async (_, answer, expected) => {
    server.answer = answer;
    const said = await call();
    for (const [name, value] of Object.entries(expected)) {
      const actual = (said as unknown as Record<string, unknown>)[name];
      if (value instanceof RegExp) expect(actual).toMatch(value);
      else expect(actual).toEqual(value);
    }
    expect(server.calls).toHaveLength(1);
  });

  it('gives up on a hang', async () => {
    server.answer = () => undefined;
    expect(await call()).toMatchObject({ outcome: 'failed', reason: 'timeout' });
  });

  it('says so when nobody listens', async () => {
    const gone = await startSyncEndpoint();
    await gone.stop();
    expect(await call({ url: gone.url })).toMatchObject({ outcome: 'failed', reason: 'network' });
  });

  it('sends the key nowhere but to https or this machine', async () => {
    const said = await call({ url: 'http://app.example.com/sync' });
    expect(said).toMatchObject({ outcome: 'failed' });
    expect(said.detail).toMatch(/must be https/);
  });

  it('repeats no secret that an answer echoes, and no control characters', async () => {
    server.answer = json(500, { error: `bad ${key}\u001b[2J for ada@example.com` });
    const { detail } = await call();
    expect(detail).not.toMatch(/planted|ada@/);
    expect(detail).not.toContain('\u001b');
  });
});
