import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import type { Middleware } from '../../src/demo/authorization-server.js';
import { createRole } from '../support/postgres.js';
import { until } from '../support/until.js';
import { startExporter, startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

let world: RefreshWorld;
const apps: App[] = [];
const lines: string[] = [];

afterEach(async () => {
  await stopExporters();
  await world.stop();
  lines.length = 0;
});

async function start(env: NodeJS.ProcessEnv = {}): Promise<App> {
  const app = await startExporter({ ...world.env, ...env }, lines);
  apps.push(app);
  return app;
}

async function stopExporters(): Promise<void> {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
}

/** Counts the requests that reach the server, and may answer them in its place. */
function countRequests(answer: Middleware = (_context, next) => next()) {
  const seen = { requests: 0 };
  world.server.use(async (context, next) => {
    seen.requests += 1;
    await answer(context, next);
  });
  return seen;
}

function answering(
  status: number,
  body: string | object,
  headers: Record<string, string> = {},
): Middleware {
  return (context) => {
    context.status = status;
    context.body = body;
    context.set(headers);
  };
}

interface Remembered {
  readonly token_id: string;
  readonly failures: number;
  readonly failure_reason: string | null;
  readonly waits: boolean;
  readonly dead: boolean;
  readonly claimed: boolean;
}

function memory(): Promise<Remembered[]> {
  return world.database.query<Remembered & pg.QueryResultRow>(
    `SELECT token_id, failures, failure_reason, coalesce(not_before > now(), false) AS waits,
            dead_since IS NOT NULL AS dead, claimed_by IS NOT NULL AS claimed
     FROM oauth_token_exporter.tokens`,
  );
}

function events(event: string): Promise<{ token_id: string; reason: string | null }[]> {
  return world.database.query(
    'SELECT token_id, reason FROM oauth_token_exporter.ledger WHERE event = $1',
    [event],
  );
}

function allRemembered(what: string, test: (row: Remembered) => boolean, count: number) {
  return until(
    what,
    async () => {
      const rows = await memory();
      return (
        rows.filter(test).length === count ||
        Promise.reject(
          new Error(`${JSON.stringify(rows.slice(0, 5))} ${lines.slice(-5).join('\n')}`),
        )
      );
    },
    { withinMs: 20_000 },
  );
}

async function fresh(): Promise<number> {
  const [row] = await world.database.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM fathom_integrations WHERE token_expires_at > now()',
  );
  return row?.count ?? 0;
}

function allFresh(count: number) {
  return until(
    'they are refreshed',
    async () =>
      (await fresh()) === count ||
      Promise.reject(new Error(`${String(await fresh())} ${lines.slice(-5).join('\n')}`)),
    { withinMs: 25_000 },
  );
}

/** Waits until an exporter has polled so many more times. */
async function polls(app: App, more: number): Promise<void> {
  const read = async () => {
    const text = await (await fetch(`${app.url}/metrics`)).text();
    return Number(/^oauth_token_exporter_polls_total (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  const goal = (await read()) + more;
  await until('polls go on', async () => (await read()) >= goal, { withinMs: 20_000 });
}

describe('a grant that is gone', () => {
  it('is dead after a second look, is not asked for again, and stops no living one', async () => {
    world = await startRefreshWorld();
    const dead = await world.addTokens(3, '-10 days');
    for (const id of dead) {
      const [row] = await world.database.query<{ refresh_token: string }>(
        'SELECT refresh_token FROM fathom_integrations WHERE id = $1',
        [id],
      );
      await world.server.revokeGrant(row?.refresh_token ?? '');
    }
    await world.addTokens(100, '-1 hour');
    const seen = countRequests();
    const app = await start({ INVALID_GRANT_CONFIRM_AFTER: '1s' });
    await allFresh(100);
    await allRemembered('three are dead', (row) => row.dead, 3);
    await polls(app, 3);
    expect(seen.requests).toBe(100 + 2 * 3);
    expect((await events('died')).map(({ token_id }) => token_id).sort()).toEqual(dead.sort());
  });

  it('comes back to life when its user authorizes again', async () => {
    world = await startRefreshWorld();
    const [id = ''] = await world.addTokens(1, '-1 hour');
    const [row] = await world.database.query<{ refresh_token: string }>(
      'SELECT refresh_token FROM fathom_integrations',
    );
    await world.server.revokeGrant(row?.refresh_token ?? '');
    await start({ INVALID_GRANT_CONFIRM_AFTER: '1s' });
    await allRemembered('it is dead', ({ dead }) => dead, 1);
    await world.reauthorize(id, '1 second');
    await allRemembered('it is not dead', ({ dead, failures }) => !dead && failures === 0, 1);
    await until('it is refreshed', () => world.server.counts().refreshes === 1);
    expect(await events('reauthorized')).toHaveLength(1);
  });

  it('is not dead when the answer was a mistake', async () => {
    world = await startRefreshWorld();
    await world.addTokens(2, '-1 hour');
    let left = 2;
    countRequests(async (context, next) => {
      left -= 1;
      if (left < 0) await next();
      else await answering(400, { error: 'invalid_grant' })(context, next);
    });
    await start({ INVALID_GRANT_CONFIRM_AFTER: '1s' });
    await allFresh(2);
    expect(await events('died')).toEqual([]);
    expect(await world.livingGrants()).toBe(2);
  });
});

describe('a failure that passes', () => {
  it.each<[string, Middleware, string, number]>([
    ['a 503', answering(503, { error: 'down' }), 'server_error', 2],
    ['a page', answering(400, '<html>no</html>'), 'unparseable_response', 2],
    ['a 200 with an error', answering(200, { error: 'odd' }), 'other_error', 2],
    // The other is not tried before that.
    ['a 429', answering(429, '', { 'retry-after': '60' }), 'rate_limited', 1],
  ])('waits after %s, also across a restart', async (_name, answer, reason, count) => {
    world = await startRefreshWorld();
    await world.addTokens(2, '-1 hour');
    const seen = countRequests(answer);
    await start();
    const waiting = (row: Remembered) =>
      row.failure_reason === reason && row.waits && row.failures === 1 && !row.claimed;
    await allRemembered('they wait', waiting, count);
    await stopExporters();
    await polls(await start(), 3);
    expect(seen.requests).toBe(count);
    expect(await world.livingGrants()).toBe(2);
  });

  it('asks a provider that says "later" for nothing until then', async () => {
    world = await startRefreshWorld();
    await world.addTokens(20, '-1 hour');
    const seen = countRequests(answering(429, '', { 'retry-after': '60' }));
    const app = await start();
    await until('it was asked', () => seen.requests > 0);
    await polls(app, 4);
    expect(seen.requests).toBe(1);
  });
});

describe('our own mistakes', () => {
  it('pauses the provider whose client secret is wrong, and blames no grant', async () => {
    world = await startRefreshWorld();
    await world.addTokens(30, '-1 hour');
    const seen = countRequests();
    await start({ FATHOM_CLIENT_SECRET: 'a wrong one' });
    await until('it was refused', async () => (await events('failed')).length > 0);
    await polls(apps[0]!, 4);
    expect(seen.requests).toBe(1);
    expect((await memory()).some(({ dead }) => dead)).toBe(false);
    await stopExporters();
    await start();
    // With the right secret the pause ends, and so does the backoff of the one that failed.
    await until('all are refreshed', async () => (await fresh()) === 30, { withinMs: 20_000 });
    expect(await world.livingGrants()).toBe(30);
  });

  it('says that it may not write, sends nothing and waits', async () => {
    world = await startRefreshWorld();
    await world.addTokens(3, '-1 hour');
    const role = await createRole(world.database);
    await world.database.query(`
      ALTER TABLE fathom_integrations DISABLE ROW LEVEL SECURITY;
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role.name};
      GRANT CREATE ON DATABASE ${world.database.name} TO ${role.name}`);
    const seen = countRequests();
    const app = await start({ DATABASE_URL: role.url });
    const waiting = (row: Remembered) => row.failure_reason === 'storage' && row.waits;
    await allRemembered('all wait', waiting, 3);
    await polls(app, 3);
    expect(seen.requests).toBe(0);
    expect(await events('failed')).toHaveLength(3);
    await world.database.query(`DROP OWNED BY ${role.name} CASCADE`);
  });

  it('says that a policy for UPDATE is missing, and sends nothing', async () => {
    world = await startRefreshWorld();
    await world.addTokens(2, '-1 hour');
    const role = await createRole(world.database);
    await world.database.query(`
      ALTER TABLE fathom_integrations ENABLE ROW LEVEL SECURITY;
      CREATE POLICY reading ON fathom_integrations FOR SELECT TO ${role.name} USING (true);
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role.name};
      GRANT UPDATE ON fathom_integrations TO ${role.name};
      GRANT CREATE ON DATABASE ${world.database.name} TO ${role.name}`);
    const seen = countRequests();
    await start({ DATABASE_URL: role.url });
    await allRemembered('both wait', (row) => row.failure_reason === 'storage' && row.waits, 2);
    expect(seen.requests).toBe(0);
    expect(lines.join('\n')).toContain('a policy FOR UPDATE is missing');
    await world.database.query(
      `DROP POLICY reading ON fathom_integrations; DROP OWNED BY ${role.name} CASCADE`,
    );
  });
});

describe('a row that changes meanwhile', () => {
  it('holds up nobody while the application locks it', async () => {
    world = await startRefreshWorld();
    const ids = await world.addTokens(10, '-1 hour');
    const locker = new pg.Client({ connectionString: world.database.url });
    await locker.connect();
    await locker.query('BEGIN');
    await locker.query('SELECT FROM fathom_integrations WHERE id = $1 FOR UPDATE', [ids[4]]);
    await start();
    await allFresh(9);
    await locker.end();
    await allFresh(10);
    expect(world.server.counts()).toMatchObject({ refreshes: 10, replays: 0 });
  });

  it('is stored later when the application locks it while the request is out', async () => {
    world = await startRefreshWorld();
    const ids = await world.addTokens(10, '-1 hour');
    // The liveliest comes first.
    await world.database.query(
      `UPDATE fathom_integrations SET token_expires_at = now() - interval '1 minute' WHERE id = $1`,
      [ids[0]],
    );
    const locker = new pg.Client({ connectionString: world.database.url });
    await locker.connect();
    await locker.query('BEGIN');
    const seen = countRequests(async (_context, next) => {
      if (seen.requests === 1) {
        await locker.query('SELECT FROM fathom_integrations WHERE id = $1 FOR UPDATE', [ids[0]]);
      }
      await next();
    });
    await start();
    await allFresh(9);
    await locker.end();
    await allFresh(10);
    expect(await world.livingGrants()).toBe(10);
  });

  it('keeps the tokens of a user who authorizes again while the request is out', async () => {
    world = await startRefreshWorld();
    const [id = ''] = await world.addTokens(1, '-1 hour');
    let once = true;
    countRequests(async (_context, next) => {
      await next();
      if (once) await world.reauthorize(id, '1 day');
      once = false;
    });
    const app = await start();
    await until('it was superseded', async () => (await events('superseded')).length === 1);
    await polls(app, 2);
    expect(await world.livingGrants()).toBe(1);
    expect(world.server.counts().refreshes).toBe(1);
    expect((await memory())[0]).toMatchObject({ dead: false, claimed: false, failures: 0 });
  });

  it('is forgotten when it is deleted while the request is out', async () => {
    world = await startRefreshWorld();
    await world.addTokens(1, '-1 hour');
    countRequests(async (_context, next) => {
      await next();
      await world.database.query('DELETE FROM fathom_integrations');
    });
    await start();
    await until('it is gone', async () => (await events('disappeared')).length === 1);
    expect((await memory())[0]).toMatchObject({ claimed: false });
  });
});

describe('answers of another kind', () => {
  it('keeps the refresh token of a server that does not rotate', async () => {
    world = await startRefreshWorld({ rotate: false });
    await world.addTokens(5, '-1 hour');
    const app = await start();
    await allFresh(5);
    await polls(app, 2);
    expect(world.server.counts().refreshes).toBe(5);
    expect(await world.livingGrants()).toBe(5);
    expect(await events('foreign_refresh')).toEqual([]);
  });

  it('leaves the expiry alone when the answer tells none, and does not ask again and again', async () => {
    world = await startRefreshWorld();
    await world.addTokens(2, '-1 hour');
    const seen = countRequests(async (context, next) => {
      await next();
      delete (context.body as { expires_in?: number }).expires_in;
    });
    const app = await start();
    await until('both are refreshed', async () => (await events('refreshed')).length === 2);
    await polls(app, 3);
    expect(seen.requests).toBe(2);
    expect(await fresh()).toBe(0);
    expect(await world.livingGrants()).toBe(2);
  });

  it('counts no refresh of its own as foreign, also where the column holds whole seconds', async () => {
    world = await startRefreshWorld({ accessTokenSeconds: 4 });
    await world.database.query(
      'ALTER TABLE fathom_integrations ALTER token_expires_at TYPE timestamptz(0)',
    );
    await world.addTokens(20, '-1 hour');
    const app = await start();
    await until('many were refreshed', () => world.server.counts().refreshes > 60, {
      withinMs: 25_000,
    });
    await polls(app, 2);
    expect(await events('foreign_refresh')).toEqual([]);
    expect(await events('expiry_changed')).toEqual([]);
    expect(world.server.counts().replays).toBe(0);
  });
});

describe('somebody else who refreshes the same tokens', () => {
  it('costs no grant but those that both used at once', async () => {
    world = await startRefreshWorld({ accessTokenSeconds: 4 });
    const ids = await world.addTokens(20, '-1 hour');
    await start({ INVALID_GRANT_CONFIRM_AFTER: '1s' });
    let foreign = 0;
    await until(
      'both refreshed a lot',
      async () => {
        if (await refreshAsForeigner(ids[Math.floor(Math.random() * ids.length)] ?? ''))
          foreign += 1;
        return foreign > 20 && world.server.counts().refreshes - foreign > 20;
      },
      { withinMs: 40_000, everyMs: 200 },
    );
    await stopExporters();
    const { revokedByReplay } = world.server.counts();
    const refused = await world.refusedTokens();
    expect(refused.size).toBe(revokedByReplay);
    const died = (await events('died')).map(({ token_id }) => token_id);
    expect(died.filter((id) => !refused.has(id))).toEqual([]);
    const inactive = 'SELECT FROM fathom_integrations WHERE NOT is_active';
    expect(await world.database.query(inactive)).toEqual([]);
  }, 60_000);

  async function refreshAsForeigner(id: string): Promise<boolean> {
    const { server, database } = world;
    const [row] = await database.query<{ refresh_token: string }>(
      'SELECT refresh_token FROM fathom_integrations WHERE id = $1',
      [id],
    );
    const response = await fetch(server.tokenEndpoint, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: row?.refresh_token ?? '',
        client_id: server.clientId,
        client_secret: server.clientSecret,
      }),
    });
    if (!response.ok) return false;
    const { access_token, refresh_token } = (await response.json()) as Record<string, string>;
    await database.query(
      `UPDATE fathom_integrations SET access_token = $2, refresh_token = $3,
         token_expires_at = now() + interval '4 seconds' WHERE id = $1`,
      [id, access_token, refresh_token],
    );
    return true;
  }
});
