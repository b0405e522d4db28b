import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { loadWorld } from '../../src/demo/demo-world.js';
import { openState } from '../../src/store/open-state.js';
import { switchRows } from '../../src/remedy/switch-rows.js';
import type { RowSwitch } from '../../src/remedy/switch-rows.js';
import { configOf } from '../refresh/refresh-world.js';
import {
  createDatabase,
  describeOnEachServer,
  openTestPool,
  type TestDatabase,
} from '../support/postgres.js';

describeOnEachServer('switching rows', (server) => {
  let database: TestDatabase;
  let memory: TestDatabase;
  let pool: pg.Pool;
  let statePool: pg.Pool;
  let rows: RowSwitch[];

  beforeAll(async () => {
    database = await createDatabase(server);
    memory = await createDatabase(server);
    await loadWorld(database.url);
    pool = openTestPool(database.url, 2);
    statePool = openTestPool(memory.url, 2);
    for (const each of [pool, statePool]) expect(await openState(each).ensureReady()).toBeNull();
  });
  afterAll(async () => {
    await pool.end();
    await statePool.end();
    await database.drop();
    await memory.drop();
  });

  beforeEach(async () => {
    const [provider] = configOf({ DATABASE_URL: database.url }).providers;
    const found = await database.query<{ id: string; ms: number }>(
      `UPDATE fathom_integrations SET is_active = true WHERE id IN (
         SELECT id FROM fathom_integrations ORDER BY id LIMIT 3)
       RETURNING id::text, floor(extract(epoch FROM token_expires_at) * 1000)::float8 AS ms`,
    );
    rows = found.map(({ id, ms }) => ({
      provider: provider!,
      tokenId: id,
      expiresAtMs: ms,
      event: 'deactivated_by_hand' as const,
      reason: 'dead',
    }));
    await memory.query('DELETE FROM oauth_token_exporter.ledger');
    await database.query('DELETE FROM oauth_token_exporter.ledger');
  });

  const order = { actor: 'ada', why: 'incident-7' };
  const active = async () => {
    const found = await database.query<{ is_active: boolean }>(
      'SELECT is_active FROM fathom_integrations WHERE id = ANY($1::uuid[])',
      [rows.map(({ tokenId }) => tokenId)],
    );
    return found.filter(({ is_active }) => is_active).length;
  };
  const lines = async (where: TestDatabase) =>
    (await where.query('SELECT FROM oauth_token_exporter.ledger')).length;

  it('writes rows and ledger', async () => {
    expect(await switchRows({ app: pool, state: null }, rows, false, order)).toEqual({ ok: true });
    expect(await active()).toBe(0);
    expect(await lines(database)).toBe(3);
  });

  it.each([
    ['whose user has reconnected', `token_expires_at = token_expires_at + interval '1 day'`],
    ['that somebody has switched off', 'is_active = false'],
  ])('writes nothing when one of the rows is one %s', async (_, change) => {
    await database.query(`UPDATE fathom_integrations SET ${change} WHERE id = $1`, [
      rows[1]!.tokenId,
    ]);
    const before = await active();
    expect(await switchRows({ app: pool, state: null }, rows, false, order)).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/only 2 of 3 rows can be found as before/) as string,
    });
    expect(await active()).toBe(before);
    expect(await lines(database)).toBe(0);
  });

  it.each(['infinity', '-infinity'])('knows a row again that expires at %s', async (instant) => {
    await database.query('UPDATE fathom_integrations SET token_expires_at = $2 WHERE id = $1', [
      rows[0]!.tokenId,
      instant,
    ]);
    const row = { ...rows[0]!, expiresAtMs: instant === 'infinity' ? Infinity : -Infinity };
    expect(await switchRows({ app: pool, state: null }, [row], false, order)).toEqual({ ok: true });
    await database.query('UPDATE fathom_integrations SET token_expires_at = now() WHERE id = $1', [
      row.tokenId,
    ]);
  });

  it('writes the ledger of a memory in another database', async () => {
    const pools = { app: pool, state: statePool };
    expect(await switchRows(pools, rows, false, order)).toEqual({ ok: true });
    expect(await active()).toBe(0);
    expect([await lines(database), await lines(memory)]).toEqual([0, 3]);
  });

  it('switches nothing when that ledger can not be written', async () => {
    await memory.query('ALTER TABLE oauth_token_exporter.ledger RENAME TO elsewhere');
    try {
      const pools = { app: pool, state: statePool };
      expect(await switchRows(pools, rows, false, order)).toMatchObject({ ok: false });
      expect(await active()).toBe(3);
    } finally {
      await memory.query('ALTER TABLE oauth_token_exporter.elsewhere RENAME TO ledger');
    }
  });

  it('does nothing with nothing to do', async () => {
    expect(await switchRows({ app: pool, state: null }, [], false, order)).toEqual({ ok: true });
  });
});
