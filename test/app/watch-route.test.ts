import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { watchStop } from '../../src/commands/watch-stop.js';
import { watchStart } from '../../src/commands/watch-start.js';
import { capture } from '../commands/captured-command.js';
import { startExporter, startRefreshWorld } from '../refresh/refresh-world.js';
import type { RefreshWorld } from '../refresh/refresh-world.js';
import { startSlackEndpoint } from '../support/slack-endpoint.js';
import type { SlackEndpoint } from '../support/slack-endpoint.js';
import { until } from '../support/until.js';

const adminToken = 'planted-admin-token-0123456789';

let world: RefreshWorld;
let slack: SlackEndpoint;
let app: App;
let env: NodeJS.ProcessEnv;
const lines: string[] = [];

beforeAll(async () => {
  world = await startRefreshWorld();
  await world.addTokens(2, '20 hours');
  slack = await startSlackEndpoint();
  env = {
    ...world.env,
    ADMIN_TOKEN: adminToken,
    PUBLIC_URL: 'https://tokens.example/status',
    SLACK_WEBHOOK_URL: slack.url('slack'),
  };
  app = await startExporter(env, lines);
  await until('a poll succeeded', async () => (await fetch(`${app.url}/-/ready`)).ok);
});
afterAll(async () => {
  await app.stop();
  await slack.stop();
  await world.stop();
});
beforeEach(() => world.database.query('DELETE FROM oauth_token_exporter.watches'));
afterEach(() => {
  // Whatever was asked: the token is in no answer, and in no line of the log.
  expect(lines.join('\n')).not.toContain(adminToken);
});

interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

async function ask(
  path: string,
  {
    body,
    method = body === undefined ? 'GET' : 'POST',
    headers = {},
    url = app.url,
  }: {
    body?: unknown;
    method?: string;
    headers?: Record<string, string>;
    url?: string;
  } = {},
): Promise<Asked> {
  const response = await fetch(`${url}/api/v1/watches${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${adminToken}`,
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  expect(text).not.toContain(adminToken);
  const json = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { status: response.status, headers: response.headers, body: json };
}

const wanted = { for: '48h', note: 'refresh cron fixed', as: 'ops' };

describe('a stability watch over HTTP', () => {
  it('is started, listed, reported and stopped, and remembers who did it and why', async () => {
    const started = await ask('', { body: { ...wanted, accept_known: true } });
    expect(started).toMatchObject({ status: 201, body: { replaced: null, providers: ['fathom'] } });
    const id = Number(started.body['id']);
    expect(started.headers.get('location')).toBe(`/api/v1/watches/${id}`);

    await until('it has a sample', async () => {
      const { body } = await ask('');
      return (body['watches'] as { samples: number }[])[0]!.samples > 0;
    });
    const listed = await ask('');
    expect(listed.body['watches']).toMatchObject([
      { id, verdict: 'RUNNING', note: 'refresh cron fixed', started_by: 'ops', ended_at: null },
    ]);
    for (const which of [id, 'latest']) {
      const report = await ask(`/${which}`);
      expect(report).toMatchObject({ status: 200, body: { id, verdict: 'RUNNING', hash: null } });
      expect(report.headers.get('cache-control')).toBe('no-store');
    }

    const stopped = await ask(`/${id}/stop`, { body: { reason: 'wrong release', as: 'ada' } });
    expect(stopped).toMatchObject({ status: 200, body: { id, verdict: 'INCONCLUSIVE' } });
    const report = await ask('/latest');
    expect(report.body).toMatchObject({ verdict: 'INCONCLUSIVE', hash_intact: true });
    expect(JSON.stringify(report.body['reasons'])).toMatch(/stopped by ada at .*: wrong release/);
    expect(await ask(`/${id}/stop`, { body: { reason: 'again', as: 'ada' } })).toMatchObject({
      status: 409,
      body: { error: `watch ${id} is not active: it has ended` },
    });
    expect(lines.join('\n')).toMatch(/a stability watch was started over HTTP .*"by":"ops"/);
  });

  it('replaces the one of the same providers, as the command does', async () => {
    const first = await ask('', { body: wanted });
    const second = await ask('', { body: wanted });
    expect(second.body['replaced']).toBe(first.body['id']);
  });

  it.each([
    ['no body', undefined, 'send a JSON object'],
    ['a body that is no JSON', '{', "the body can't be read"],
    ['no length', { note: 'x', as: 'ops' }, '"for"'],
    ['a bare number', { ...wanted, for: '48' }, '"for" is how long to watch'],
    ['nobody who does it', { for: '48h', note: 'x' }, '"as"'],
    ['a name of blanks', { ...wanted, as: '  ' }, '"as": say who does it'],
    ['a word that is not known', { ...wanted, accept: true }, 'accept'],
    ['a provider that is not there', { ...wanted, providers: ['fathon'] }, 'no provider "fathon"'],
    ['a negative number to prove', { ...wanted, prove: -1 }, '"prove"'],
  ])('is not started with %s', async (_, body, error) => {
    const refused = await ask('', { method: 'POST', body });
    expect(refused.status).toBe(400);
    expect(refused.body['error']).toContain(error);
    expect((await ask('')).body).toEqual({ watches: [] });
  });

  it('takes no body above 16 kB', async () => {
    const note = 'x'.repeat(17_000);
    expect((await ask('', { body: { ...wanted, note } })).status).toBe(413);
  });

  it('answers what is not there with 404, and other methods with 405', async () => {
    expect(await ask('/latest')).toMatchObject({
      status: 404,
      body: { error: 'no watch was ever started' },
    });
    expect(await ask('/7')).toMatchObject({ status: 404, body: { error: 'there is no watch 7' } });
    expect((await ask('/seven')).status).toBe(404);
    expect((await ask('/7/else')).status).toBe(404);
    expect((await ask('/7/stop', { body: { reason: 'x', as: 'ops' } })).status).toBe(404);
    const deleted = await ask('/7', { method: 'DELETE' });
    expect([deleted.status, deleted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await ask('/7/stop')).headers.get('allow')).toBe('POST');
  });
});

describe('who may control watches over HTTP', () => {
  it('is nobody without the token, and the answer says what to send', async () => {
    const missing = await ask('', { headers: { Authorization: '' } });
    expect(missing).toMatchObject({
      status: 401,
      body: { error: 'send the ADMIN_TOKEN as bearer token' },
    });
    expect(missing.headers.get('www-authenticate')).toBe('Bearer');
    const wrong = await ask('', { body: wanted, headers: { Authorization: 'Bearer x' } });
    expect(wrong).toMatchObject({ status: 401, body: { error: 'that is not the ADMIN_TOKEN' } });
    expect((await ask('')).body).toEqual({ watches: [] });
  });

  it.each([
    ['https://evil.example', 403],
    ['null', 403],
    ['https://tokens.example', 200],
  ])('is, in a browser, no page but our own: %s', async (Origin, status) => {
    expect((await ask('', { headers: { Origin } })).status).toBe(status);
  });

  it('is nobody where no ADMIN_TOKEN is set, nor is there any such route', async () => {
    const without = { ...env, ADMIN_TOKEN: '', JOURNAL_DIR: `${world.directory}/other` };
    const other = await startExporter(without);
    for (const [path, body] of [
      ['', undefined],
      ['', wanted],
      ['/1/stop', {}],
    ] as const) {
      const answered = await ask(path, { body, url: other.url });
      expect(answered).toMatchObject({ status: 404 });
    }
    await other.stop();
  });

  it('is nobody for a while at an address that guesses, not even with the token', async () => {
    // The exporter of its own: its bar would stand in the way of the other tests.
    const other = await startExporter({ ...env, JOURNAL_DIR: `${world.directory}/guessed` });
    const guess = () => ask('', { headers: { Authorization: 'Bearer guess' }, url: other.url });
    for (let time = 0; time < 10; time += 1) expect((await guess()).status).toBe(401);
    const barred = await ask('', { url: other.url });
    expect(barred.status).toBe(429);
    expect(Number(barred.headers.get('retry-after'))).toBeGreaterThan(0);
    await other.stop();
  });
});

describe('the end of a watch by hand', () => {
  const told = () => slack.messages.map(({ text }) => text).join('\n');

  it('is told in Slack, whether by command, by HTTP or by a new watch', async () => {
    const asked = async (reason: string) => {
      const { body } = await ask('', { body: wanted });
      return { id: Number(body['id']), reason };
    };
    const byCommand = await asked('by command');
    await capture(env, (context) =>
      watchStop(context, { id: null, reason: byCommand.reason, by: 'ada' }),
    );
    const byHttp = await asked('by HTTP');
    await ask(`/${byHttp.id}/stop`, { body: { reason: byHttp.reason, as: 'ada' } });
    const replaced = await asked('');
    await capture(env, (context) =>
      watchStart(context, {
        for: '48h',
        note: 'second try',
        providers: [],
        prove: 0,
        acceptKnown: false,
        startedBy: 'ada',
      }),
    );
    for (const [id, reason] of [
      [byCommand.id, /stopped by ada at .*: by command/],
      [byHttp.id, /stopped by ada at .*: by HTTP/],
      [replaced.id, /stopped by ada at .*: a new watch of the same providers was started/],
    ] as const) {
      await until(`watch ${id} is told`, () => {
        const text = told();
        return text.includes(`Stability watch ${id} of fathom: INCONCLUSIVE`) && reason.test(text);
      });
    }
    expect(slack.problems).toEqual([]);
  });
});
