import { request as rawRequest } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { adminPaths, tokenHref } from '../../src/pages/links.js';
import { startExporter, startRefreshWorld } from '../refresh/refresh-world.js';
import type { RefreshWorld } from '../refresh/refresh-world.js';
import { until } from '../support/until.js';
import { adminClient } from './admin-client.js';
import type { AdminClient } from './admin-client.js';

const adminToken = 'planted-admin-token-0123456789';
const lines: string[] = [];
let world: RefreshWorld;
let app: App;
let tokenId: string;
let others = 0;

/** One more exporter in this world, beside the one that the tests share. */
const startAnother = (env: NodeJS.ProcessEnv) =>
  startExporter({ ...world.env, JOURNAL_DIR: `${world.directory}/${(others += 1)}`, ...env });

beforeAll(async () => {
  world = await startRefreshWorld();
  [tokenId = ''] = await world.addTokens(1, '20 hours');
  await world.database.query(
    "UPDATE fathom_integrations SET fathom_user_email = 'ada@example.com'",
  );
  app = await startExporter({ ...world.env, ADMIN_TOKEN: adminToken }, lines);
  await until('a page shows the token', async () =>
    (await (await fetch(`${app.url}/tokens`)).text()).includes('a***@e***.com'),
  );
});
afterAll(async () => {
  await app.stop();
  await world.stop();
});
afterEach(() => {
  expect(lines.join('\n')).not.toContain(adminToken);
});

async function loggedIn(): Promise<AdminClient> {
  const client = adminClient(app.url);
  await client.send('/login', { token: adminToken });
  return client;
}

/** Switches the rows on or off, as the application does, and waits for a poll that saw it. */
async function switchRows(isActive: boolean): Promise<void> {
  await world.database.query('UPDATE fathom_integrations SET is_active = $1', [isActive]);
  await until('a poll saw it', async () => {
    const page = await (await fetch(`${app.url}${tokenHref('fathom', tokenId)}`)).text();
    return page.includes('switched off') !== isActive;
  });
}

describe('logging in', () => {
  it('gives a cookie that no script reads, no other site sends and that is not the token', async () => {
    const client = adminClient(app.url);
    expect((await client.open('/tokens')).body).toContain('href="/login?next=%2Ftokens"');
    const { status, headers } = await client.send('/login', { token: adminToken, next: '/tokens' });
    expect([status, headers.get('location')]).toEqual([303, '/tokens']);
    const [cookie = ''] = headers.getSetCookie();
    expect(cookie).toMatch(/^oauth_token_exporter_session=[\w-]{43}; Max-Age=28800; Path=\/; /);
    expect(cookie).toContain('; HttpOnly; SameSite=Strict');
    expect(cookie).not.toContain('Secure');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('marks the cookie Secure where a proxy was asked by https', async () => {
    const { headers } = await adminClient(app.url).send(
      '/login',
      { token: adminToken },
      { 'X-Forwarded-Proto': 'https' },
    );
    expect(headers.getSetCookie()[0]).toContain('; Secure');
  });

  it('shows accounts as they are, in pages and in the CSV; others go on seeing masks', async () => {
    const client = await loggedIn();
    const page = await client.open('/tokens');
    expect(page.body).toContain('ada@example.com');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect((await client.open(tokenHref('fathom', tokenId))).body).toContain('ada@example.com');
    const masked = await adminClient(app.url).open('/tokens');
    expect(masked.body).toContain('a***@e***.com');
    expect(masked.body).not.toContain('ada@example.com');

    await switchRows(false);
    const csv = async (who: AdminClient) => (await who.open('/reconnect.csv?all=1')).body;
    expect(await csv(client)).toContain('ada@example.com');
    expect(await csv(adminClient(app.url))).toContain('a***@e***.com');
    await switchRows(true);
  });

  it('does not lead to another site', async () => {
    const next = '//evil.example/tokens';
    const { headers } = await adminClient(app.url).send('/login', { token: adminToken, next });
    expect(headers.get('location')).toBe('/');
  });

  it('says so where the token is wrong, and gives no cookie', async () => {
    const other = await startAnother({ ADMIN_TOKEN: adminToken });
    const client = adminClient(other.url);
    for (const token of ['', adminToken.slice(1), `${adminToken} `]) {
      const refused = await client.send('/login', { token });
      expect(refused.status).toBe(403);
      expect(refused.body).toContain('That is not the admin token.');
      expect(refused.headers.getSetCookie()).toEqual([]);
    }
    await other.stop();
  });

  it('is barred for a while after ten wrong tokens, on the page and over the API together', async () => {
    const other = await startAnother({ ADMIN_TOKEN: adminToken });
    const client = adminClient(other.url);
    const api = (token: string) =>
      fetch(`${other.url}/api/v1/watches`, { headers: { Authorization: `Bearer ${token}` } });
    for (let time = 0; time < 5; time += 1) {
      expect((await client.send('/login', { token: 'guess' })).status).toBe(403);
      expect((await api('guess')).status).toBe(401);
    }
    const barred = await client.send('/login', { token: adminToken });
    expect(barred.status).toBe(429);
    expect(Number(barred.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(barred.body).toContain('try again in');
    expect((await api(adminToken)).status).toBe(429);
    await other.stop();
  });

  it('ends by logging out: the cookie is worth nothing after it', async () => {
    const client = await loggedIn();
    const cookie = client.cookie();
    const { body } = await client.open('/');
    const form = /name="form" value="([^"]+)"/.exec(body)?.[1] ?? '';
    const out = await client.send('/logout', { form });
    expect([out.status, out.headers.get('location')]).toEqual([303, '/']);
    expect(out.headers.getSetCookie()[0]).toMatch(/Expires=Thu, 01 Jan 1970/);
    const stolen = await adminClient(app.url).open('/tokens', { Cookie: cookie });
    expect(stolen.body).not.toContain('ada@example.com');
  });

  it('anew ends the session that was', async () => {
    const client = await loggedIn();
    const cookie = client.cookie();
    await client.send('/login', { token: adminToken });
    expect(client.cookie()).not.toBe(cookie);
    const before = await adminClient(app.url).open('/tokens', { Cookie: cookie });
    expect(before.body).not.toContain('ada@example.com');
  });
});

describe('an action on a page', () => {
  it('refreshes one token, and the ledger says who asked and what came of it', async () => {
    const client = await loggedIn();
    const flash = await client.act('/token/refresh', { provider: 'fathom', id: tokenId });
    expect(flash).toMatch(/^Refreshed: expires at 20.*Z\.$/);
    const { body } = await client.open(tokenHref('fathom', tokenId));
    expect(body).not.toContain('class="flash');
    expect(await world.livingGrants()).toBe(1);
    const ledger = await world.database.query(
      `SELECT event, detail, actor FROM oauth_token_exporter.ledger
       WHERE token_id = $1 AND event = 'refresh_asked'`,
      [tokenId],
    );
    expect(ledger).toEqual([
      {
        event: 'refresh_asked',
        detail: expect.stringMatching(/^refreshed: expires at /) as string,
        actor: 'admin page',
      },
    ]);
    expect(body).toContain('refresh asked');
    expect(body).toContain('admin page');
  });

  it('says why a token is not refreshed', async () => {
    const client = await loggedIn();
    expect(await client.act('/token/refresh', { provider: 'fathom', id: 'gone' })).toContain(
      'The last poll did not see this token',
    );
    await switchRows(false);
    const refused = await client.act('/token/refresh', { provider: 'fathom', id: tokenId });
    expect(refused).toBe(
      'It can’t be refreshed: inactive: switch the row on, then it is refreshed.',
    );
    await switchRows(true);
  });

  it('starts and stops a watch, which remembers who did it', async () => {
    const client = await loggedIn();
    const started = await client.act('/watch/start', {
      for: '48h',
      note: 'cron fixed',
      prove: '0',
      accept_known: 'yes',
    });
    const [, id = ''] = /^Watch (\d+) is started/.exec(started) ?? [];
    const page = (await client.open('/watch')).body;
    expect(page).toContain('cron fixed');
    expect(page).toContain(`Stop watch ${id}`);
    const stopped = await client.act('/watch/stop', { id, reason: 'wrong release' });
    expect(stopped).toContain(`Watch ${id} is stopped`);
    const [row] = await world.database.query(
      'SELECT started_by, accept_known, stopped FROM oauth_token_exporter.watches WHERE id = $1',
      [id],
    );
    expect(row).toMatchObject({
      started_by: 'admin page',
      accept_known: true,
      stopped: { by: 'admin page', reason: 'wrong release' },
    });
    expect(await client.act('/watch/stop', { id, reason: 'again' })).toBe(
      `Nothing was stopped: watch ${id} is not active: it has ended.`,
    );
  });

  it('silences and ends a silence, and the page shows it at once', async () => {
    const client = await loggedIn();
    const begun = await client.act('/incidents/silence', {
      provider: 'fathom',
      cause: 'grants_dead',
      for: '2h',
      reason: 'import is repaired',
    });
    expect(begun).toMatch(/^Nobody is told of grants_dead of fathom until 20.*Z\.$/);
    const page = (await client.open('/incidents')).body;
    expect(page).toContain('import is repaired');
    const [, id = ''] = /aria-label="End silence (\d+)"/.exec(page) ?? [];
    expect(await client.act('/incidents/unsilence', { id })).toBe(
      'People are told of grants_dead of fathom again.',
    );
    expect((await client.open('/incidents')).body).toContain('Nothing is silenced.');
    const [row] = await world.database.query(
      'SELECT created_by, ended_by FROM oauth_token_exporter.silences WHERE id = $1',
      [id],
    );
    expect(row).toEqual({ created_by: 'admin page', ended_by: 'admin page' });
    expect(await client.act('/incidents/unsilence', { id })).toContain(
      `No silence ${id} holds now`,
    );
  });

  it.each([
    ['/watch/start', { for: '48h' }, 'No watch was started: say what was fixed'],
    ['/watch/start', { for: '48', note: 'x' }, 'is how long to watch'],
    [
      '/watch/start',
      { for: '1h', note: 'x', provider: 'fathon' },
      'no provider &quot;fathon&quot;',
    ],
    ['/watch/start', { for: '1h', note: 'x', prove: '-1' }, 'how many tokens to prove it'],
    ['/watch/stop', { id: '7' }, 'say which one, and why'],
    ['/watch/stop', { id: '7', reason: 'x' }, 'there is no watch 7'],
    ['/incidents/silence', { for: '2h', reason: 'x' }, 'say what to silence'],
    ['/incidents/silence', { provider: 'fathom', for: '31d', reason: 'x' }, '30d at most'],
    ['/incidents/silence', { provider: 'fathom', for: '2h' }, 'others will read it'],
    ['/incidents/unsilence', { id: 'x' }, 'say which one'],
  ])('says what is wrong with its form: %s %o', async (path, fields, text) => {
    const client = await loggedIn();
    expect(await client.act(path, fields as Record<string, string>)).toContain(text);
  });
});

describe('what changes something', () => {
  const actions = Object.values(adminPaths).filter((path) => path !== '/login');

  it.each(actions)('is for who is logged in: %s', async (path) => {
    const refused = await adminClient(app.url).send(path, {});
    expect(refused.status).toBe(403);
    expect(refused.body).toContain('You are not logged in');
  });

  it.each(actions)('wants the form of its own session: %s', async (path) => {
    const [client, other] = [await loggedIn(), await loggedIn()];
    const [, form = ''] = /name="form" value="([^"]+)"/.exec((await other.open('/')).body) ?? [];
    for (const fields of [{}, { form }]) {
      const refused = await client.send(path, fields);
      expect(refused.status).toBe(403);
      expect(refused.body).toContain('The form is of another session');
    }
  });

  it.each(['https://evil.example', 'null', ''])(
    'comes from a page of this host, not from "%s"',
    async (Origin) => {
      const client = await loggedIn();
      for (const path of ['/login', ...actions]) {
        const refused = await client.send(path, { token: adminToken }, { Origin });
        expect(refused.status, path).toBe(403);
        expect(refused.body).toContain('Not from a page of this host');
      }
    },
  );

  it('comes from a page: whatever tells no origin is refused', async () => {
    const refused = await fetch(`${app.url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ token: adminToken }),
    });
    expect(refused.status).toBe(403);
  });

  it('is not for a name that somebody else made lead here', async () => {
    const { port } = new URL(app.url);
    const host = `evil.example:${port}`;
    for (const path of Object.values(adminPaths)) {
      for (const method of ['GET', 'POST']) {
        const { status, body } = await askAs(path, method, host);
        expect(status, path).toBe(403);
        expect(body).toContain('add it to ADMIN_HOSTS');
      }
    }
    expect((await askAs('/api/v1/watches', 'GET', host)).status).toBe(403);
    // What only shows something is for everybody who reaches the port.
    expect((await askAs('/', 'GET', host)).status).toBe(200);
  });

  it('takes no form above 16 kB', async () => {
    const client = await loggedIn();
    const { status, body } = await client.send('/watch/start', { note: 'x'.repeat(17_000) });
    expect(status).toBe(413);
    expect(body).toContain('at most 16kb');
  });

  it('is not there without an ADMIN_TOKEN, and no page hints at it', async () => {
    const other = await startAnother({});
    const client = adminClient(other.url);
    for (const path of Object.values(adminPaths)) {
      expect((await client.open(path)).status, path).toBe(404);
      expect((await client.send(path, { token: adminToken })).status, path).toBe(404);
    }
    for (const path of ['/', '/tokens', '/watch', '/incidents', tokenHref('fathom', tokenId)]) {
      const { body } = await client.open(path);
      expect(body, path).not.toMatch(/log ?in|log out|admin_|method="post"/i);
    }
    await other.stop();
  });
});

describe('the page of a token whose row is gone', () => {
  it('says since when, and what happened until then', async () => {
    const [id = ''] = await world.addTokens(1, '20 hours');
    const path = tokenHref('fathom', id);
    const get = async () => {
      const response = await fetch(`${app.url}${path}`);
      return { status: response.status, body: await response.text() };
    };
    await until('it is seen', async () => (await get()).body.includes('first seen'));
    await world.database.query('DELETE FROM fathom_integrations WHERE id = $1', [id]);
    await until('it is missed', async () => (await get()).body.includes('Its row is gone since'));
    const { status, body } = await get();
    expect(status).toBe(200);
    expect(body).toContain('disappeared');
    expect(body).toContain('first seen');
    expect((await fetch(`${app.url}${tokenHref('google', id)}`)).status).toBe(404);
  });
});

/** Asks by another name than the address: `fetch` does not let one. */
function askAs(
  path: string,
  method: string,
  host: string,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { Host: host, Origin: `http://${host}` };
    const asked = rawRequest(`${app.url}${path}`, { method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.once('end', () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    asked.once('error', reject).end();
  });
}
