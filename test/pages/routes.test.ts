import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ListeningServer } from '../../src/publish/server.js';
import { nothingKnown } from '../../src/assess/assess.js';
import { paths } from '../../src/pages/links.js';
import type { PageRecords } from '../../src/pages/page-facts.js';
import { request } from '../publish/request.js';
import {
  assessmentOfRows,
  configuredProvider,
  noRecords,
  nowMs,
  servePages,
  sightsOf,
} from './served-pages.js';

const provider = configuredProvider('app');
const dayMs = 86_400_000;
const sights = sightsOf(
  assessmentOfRows(provider, [
    { id: 'lost', hasRefreshToken: false, expiresAtMs: nowMs - dayMs, account: 'ada@example.com' },
    { id: '=cmd()', subject: 'a,b', hasRefreshToken: false, expiresAtMs: nowMs - 2 * dayMs },
    { id: 'off', active: false, expiresAtMs: nowMs + dayMs },
    { id: 'fine' },
  ]),
);

let server: ListeningServer;
beforeAll(async () => {
  server = await servePages({ sights, names: ['app'] });
});
afterAll(() => server.close());

const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  request(`${server.url}${path}`, { headers });

describe('a page over HTTP', () => {
  it('is kept by nobody, and may load and run only what this host serves', async () => {
    const { headers } = await get('/tokens');
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
    });
    const policy = headers['content-security-policy'];
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|http|data:/);
  });

  it('tells neither what it is made of nor a hash, and answers HEAD alike', async () => {
    const { headers } = await get('/');
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('etag');
    const head = await request(`${server.url}/`, { method: 'HEAD' });
    expect(head.body).toHaveLength(0);
    expect({ ...head.headers, date: '' }).toEqual({ ...headers, date: '' });
    expect((await request(`${server.url}/`, { method: 'POST' })).status).toBe(405);
  });

  it('is compressed for those who can read that', async () => {
    const plain = await get('/tokens');
    const { headers, body } = await get('/tokens', { 'Accept-Encoding': 'gzip' });
    expect(headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(body).toString()).toBe(plain.body.toString());
    expect(headers.vary).toContain('Accept-Encoding');
  });

  it('loads files that may be kept for ever, by addresses that change with them', async () => {
    const page = (await get('/')).body.toString();
    const files = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(
      ([, path = '']) => path,
    );
    expect(files).toHaveLength(3);
    for (const path of files) {
      const { status, headers } = await get(path);
      expect(status).toBe(200);
      expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
      expect((await get(path.replace(/\/assets\/./, '/assets/~'))).status).toBe(404);
    }
  });

  it('leaves the metrics as they were rendered', async () => {
    const { headers } = await get('/metrics', { 'Accept-Encoding': 'gzip' });
    expect(headers['content-length']).toBeDefined();
    expect(headers).not.toHaveProperty('content-security-policy');
  });

  it.each([
    ['/token?provider=app&id=gone', 404],
    ['/token', 404],
    ['/watch/1/report', 503],
    ['/watch/x/report', 404],
    ['/watch/99999999999/report', 404],
  ])('says so where there is nothing: %s', async (path, status) => {
    const answer = await get(path);
    expect(answer.status).toBe(status);
    expect(answer.body.toString()).toContain('<h1>');
  });
});

describe('who must reconnect, as a file', () => {
  it('lists them with masked accounts, and no formula', async () => {
    const { headers, body } = await get('/reconnect.csv');
    expect(headers['content-disposition']).toBe('attachment; filename="reconnect.csv"');
    expect(headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(body.toString().split('\r\n')).toEqual([
      'provider,token_id,user_id,account,reason,must_reconnect,since,last_refresh_at,token_expires_at,is_active',
      `app,"'=cmd()","a,b",,no_refresh_token,true,2025-11-27T08:00:00.250Z,,2025-11-27T08:00:00.250Z,true`,
      'app,lost,user-0,a***@e***.com,no_refresh_token,true,2025-11-28T08:00:00.250Z,,2025-11-28T08:00:00.250Z,true',
      '',
    ]);
  });

  it('lists on request also who may be mended without them', async () => {
    const { body } = await get('/reconnect.csv?all=1');
    expect(body.toString()).toContain('app,off,user-2,,inactive_valid,false');
  });
});

describe('before a poll has reached the database', () => {
  const watch = {
    id: 7,
    providers: ['app'],
    startedAtMs: nowMs - dayMs,
    deadlineAtMs: nowMs + dayMs,
    pollIntervalMs: 30_000,
    note: 'the fix',
    startedBy: 'ada',
    prove: 0,
    acceptKnown: false,
  };
  const state = { watch, baseline: null, progress: null, stop: null };
  const incident = {
    id: 'i1',
    provider: 'app',
    cause: 'grants_dead',
    replica: null,
    severity: 'critical',
    firstSeenAtMs: nowMs - dayMs,
    toldAtMs: nowMs - dayMs,
    affected: 1,
    silenced: false,
    recoveredAtMs: null,
  };
  const silence = {
    id: 1,
    provider: null,
    cause: null,
    reason: 'known',
    createdBy: 'ada',
    endsAt: new Date(nowMs + dayMs),
  };
  /** All that a memory may hold from before this process. */
  const records: PageRecords = {
    ...noRecords,
    incidents: () =>
      Promise.resolve({ ok: true, value: { incidents: [incident], silences: [silence] } }),
    watches: () =>
      Promise.resolve({ ok: true, value: [{ state, waitingBecause: null, end: null }] }),
  };
  const failure = { reason: 'unreachable', message: 'it is away', remedy: 'start it' } as const;
  const polls = {
    'no poll has ended': nothingKnown,
    'the first has failed': { ...nothingKnown, databaseFailure: failure },
  };

  it.each(Object.entries(polls))(
    'every page says so, and knows no distance: %s',
    async (_, last) => {
      const cause = last.databaseFailure === null ? '' : ': it is away; start it';
      const empty = await servePages(
        { sights: { ...sightsOf(last), lastGood: null }, names: ['app'] },
        {
          readiness: () => ({ ready: false, reason: `no poll has succeeded yet${cause}` }),
          records,
        },
      );
      const all = [...Object.values(paths), '/tokens?status=expired', '/token?provider=app&id=t'];
      for (const path of all.filter((each) => each !== paths.reconnectCsv)) {
        const { status, body } = await request(`${empty.url}${path}`);
        const main = /<main[^]*<\/main>/.exec(body.toString())?.[0] ?? '';
        expect(status, path).toBe(200);
        expect(main, path).toContain(`Nothing is known yet: </b>no poll has succeeded yet${cause}`);
        expect(main, path).not.toMatch(/All is well|0 users|0 tokens|No such|No job|No sync/);
        // 1970 is no instant to count from, nor to.
        expect(main, path).not.toMatch(
          /\bin \d+ (d|h|min|s)\b|\d ago\b|\b\d+ (d|h|min|s) ago|1970/,
        );
      }
      await empty.close();
    },
  );

  it('what the memory holds stands there by its instants', async () => {
    const empty = await servePages(
      { sights: { ...sightsOf(nothingKnown), lastGood: null }, names: ['app'] },
      { readiness: () => ({ ready: false, reason: 'no poll has succeeded yet' }), records },
    );
    const text = async (path: string) => (await request(`${empty.url}${path}`)).body.toString();
    const began = `${new Date(nowMs - dayMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;
    expect(await text('/incidents')).toContain(began);
    const page = await text('/watch');
    expect(page).toContain(began);
    expect(page).toContain('not known before a poll has reached the database');
    expect(page).not.toMatch(/RUNNING|STABLE|INCONCLUSIVE/);
    await empty.close();
  });

  it('nobody gets an empty file of those who must reconnect', async () => {
    const empty = await servePages({
      sights: { ...sightsOf(nothingKnown), lastGood: null },
      names: ['app'],
    });
    const { status, body } = await request(`${empty.url}${paths.reconnectCsv}`);
    expect(status).toBe(503);
    expect(body.toString()).toContain('nothing is known yet');
    await empty.close();
  });
});

describe('a provider whose database has never answered', () => {
  it('has a card that says so, and what to do', async () => {
    const failure = { reason: 'unreachable', message: 'it is away', remedy: 'start it' } as const;
    const seen = assessmentOfRows(provider, [{ id: 'fine' }]);
    const last = { ...seen, unread: new Map([['default', failure]]) };
    const both = await servePages({ sights: sightsOf(last), names: ['app', 'other'] });
    const body = (await request(`${both.url}/`)).body.toString();
    const cards = body.split('<article class="card">').slice(1);
    await both.close();
    expect(cards).toHaveLength(2);
    expect(cards[1]).toMatch(
      /other[^]*Nothing is known of its tokens yet: it is away[^]*Next: start it/,
    );
  });
});
