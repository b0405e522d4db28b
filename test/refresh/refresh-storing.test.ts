import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import type { App } from '../../src/app.js';
import { coalesce } from '../../src/refresh/coalesce.js';
import { storeTokens } from '../../src/refresh/store-tokens.js';
import type { NewTokens } from '../../src/refresh/store-tokens.js';
import { until } from '../support/until.js';
import { compose, openRealJournal } from './die-before-storing.js';
import { startExporter, startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

let world: RefreshWorld;
let app: App | null = null;
const lines: string[] = [];

async function stop(): Promise<void> {
  const running = app;
  app = null;
  await running?.stop();
}

afterEach(async () => {
  await stop();
  lines.length = 0;
  await world.stop();
});

/** The application's table refuses new tokens for these rows; undone by `accept`. */
async function refuse(ids: readonly string[]): Promise<void> {
  await world.database.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'not this row'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE OF refresh_token ON fathom_integrations FOR EACH ROW
      WHEN (old.id = ANY('{${ids.join(',')}}'::uuid[])) EXECUTE FUNCTION refuse()`);
}

async function accept(): Promise<void> {
  await world.database.query('DROP TRIGGER refuse ON fathom_integrations');
}

async function fresh(count: number): Promise<void> {
  await until(
    `${String(count)} are fresh`,
    async () => {
      const [row] = await world.database.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM fathom_integrations WHERE token_expires_at > now()',
      );
      return row?.count === count || Promise.reject(new Error(`${String(row?.count)} are`));
    },
    { withinMs: 40_000 },
  );
}

/** Waits until the exporter has polled so many more times. */
async function polls(more: number): Promise<void> {
  const read = async () => {
    const text = await (await fetch(`${app?.url ?? ''}/metrics`)).text();
    return Number(/^oauth_token_exporter_polls_total (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  const goal = (await read()) + more;
  await until('polls go on', async () => (await read()) >= goal, { withinMs: 20_000 });
}

describe('rows whose new tokens the database refuses', () => {
  it('do not stop the others, nor the next start, and are stored when they can be', async () => {
    world = await startRefreshWorld();
    // More than there are places.
    const refused = (await world.addTokens(8, '-2 hours')).slice();
    await world.addTokens(20, '-1 hour');
    await refuse(refused);
    app = await startExporter(world.env, lines);
    await fresh(20);
    await stop();
    await world.addTokens(5, '-1 hour');
    app = await startExporter(world.env, lines);
    await fresh(25);
    await accept();
    await fresh(33);
    await stop();
    expect(world.server.counts()).toEqual({ refreshes: 33, replays: 0, revokedByReplay: 0 });
    expect(await world.livingGrants()).toBe(33);
    const claims = 'SELECT FROM oauth_token_exporter.tokens WHERE claimed_by IS NOT NULL';
    expect(await world.database.query(claims)).toEqual([]);
  }, 90_000);

  it('stop everything when it is nearly all of them: nothing more is used up', async () => {
    world = await startRefreshWorld();
    await world.addTokens(1, '-1 hour');
    app = await startExporter(world.env, lines);
    await fresh(1);
    await refuse(await world.addTokens(39, '-1 hour'));
    await until('places are held', () => world.server.counts().refreshes >= 17, {
      withinMs: 20_000,
    });
    await polls(4);
    expect(world.server.counts().refreshes).toBe(17);
    await accept();
    await fresh(40);
    await stop();
    expect(world.server.counts()).toEqual({ refreshes: 40, replays: 0, revokedByReplay: 0 });
    expect(await world.livingGrants()).toBe(40);
  }, 90_000);
});

describe('a deadlock between a batch of new tokens and the application', () => {
  it('costs the others of the batch nothing', async () => {
    world = await startRefreshWorld();
    const ids = await world.addTokens(5, '-1 hour');
    const locked = ids[2] ?? '';
    await world.database.query(`
      CREATE TABLE held (id int); INSERT INTO held VALUES (1);
      CREATE FUNCTION wait_for_held() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM FROM held FOR UPDATE; RETURN NULL; END $$;
      CREATE TRIGGER wait_for_held AFTER UPDATE OF refresh_token ON fathom_integrations
        FOR EACH ROW WHEN (old.id = '${locked}') EXECUTE FUNCTION wait_for_held()`);
    const exporter = await compose(world, openRealJournal);
    const batches: number[] = [];
    const store = coalesce(async (tokens: readonly NewTokens[]) => {
      batches.push(tokens.length);
      const results = await storeTokens(exporter.pool, exporter.table, tokens);
      return tokens.map(({ tokenId }) => results.get(tokenId)?.kind);
    });
    const rows = await world.database.query<{ id: string; refresh_token: string }>(
      'SELECT id, refresh_token FROM fathom_integrations',
    );
    const used = new Map(rows.map((row) => [row.id, row.refresh_token]));

    const application = new pg.Client({ connectionString: world.database.url });
    await application.connect();
    await application.query(`SET deadlock_timeout = '1h'; BEGIN; SELECT FROM held FOR UPDATE`);
    const storing = ids.map((tokenId) =>
      store({
        tokenId,
        used: used.get(tokenId) ?? null,
        accessToken: 'new',
        refreshToken: `new ${tokenId}`,
        expiresAtMs: Date.now() + 3_600_000,
      }),
    );
    const settled = Promise.allSettled(storing);
    await until('the batch waits for the application', async () => {
      const waiting = await world.database.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database()
           AND wait_event_type = 'Lock'`,
      );
      return waiting.length > 0;
    });
    // It waits for the batch, which waits for it.
    const update = application.query(
      `UPDATE fathom_integrations SET last_sync_at = now() WHERE id = '${locked}'`,
    );
    await update;
    await application.query('COMMIT');
    await application.end();
    const outcomes = (await settled).map((each) => each.status === 'fulfilled' && each.value);
    // Alone, the locked row may meet the application a second time before that wakes up; then its
    // grant stores it again later. The others have nothing to do with it.
    expect(outcomes.filter((_, index) => ids[index] !== locked)).toEqual(Array(4).fill('stored'));
    expect(batches).toEqual([5, 1, 1, 1, 1, 1]);
    await exporter.die();
  });
});
