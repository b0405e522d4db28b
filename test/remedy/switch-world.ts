import { expect } from 'vitest';
import { findTokenChanges } from '../../src/assess/token-changes.js';
import { loadWorld } from '../../src/demo/demo-world.js';
import { observeRows } from '../../src/observe/observe-rows.js';
import { switchRows } from '../../src/remedy/switch-rows.js';
import type { CarriedMemory } from '../../src/store/carried-memory.js';
import { openState } from '../../src/store/open-state.js';
import { rememberRows } from '../../src/store/remember-rows.js';
import { configOf } from '../refresh/refresh-world.js';
import { createDatabase, openTestPool, testServer17 } from '../support/postgres.js';
import { until } from '../support/until.js';

type Observed = Awaited<ReturnType<typeof observeRows>>;

const noTarget = { host: '', port: 0, database: '', user: '', name: null, setting: '' };

/** One token that people and the application switch, and polls in their two steps. */
export type SwitchWorld = Awaited<ReturnType<typeof startSwitchWorld>>;

/** `isApart`: the memory is in another database than the token. It remembers the token as active. */
export async function startSwitchWorld(isApart: boolean) {
  const app = await createDatabase(testServer17);
  const state = isApart ? await createDatabase(testServer17) : app;
  await loadWorld(app.url);
  const pool = openTestPool(app.url, 3);
  let statePool = openTestPool(state.url, 3);
  expect(await openState(statePool).ensureReady()).toBeNull();
  const provider = configOf({ DATABASE_URL: app.url }).providers[0]!;
  const [token] = await app.query<{ id: string }>(
    `UPDATE fathom_integrations SET is_active = true WHERE id = (
       SELECT min(id::text)::uuid FROM fathom_integrations) RETURNING id::text`,
  );
  const tokenId = token!.id;
  let carried: CarriedMemory | null = null;

  const observe = () => observeRows({ pool, target: noTarget, timeoutMs: 10_000 }, provider);
  /** As another replica, or as this one, which carries its memory on. */
  const rememberWith = (from: CarriedMemory | null, { rows, now }: Observed) =>
    rememberRows(
      statePool,
      provider.name,
      now,
      (before) => findTokenChanges(before, rows, now),
      from,
    );
  const remember = async (observed: Observed) => {
    const { memory, events } = await rememberWith(carried, observed);
    carried = memory;
    expect(memory.tokens.get(tokenId)?.active).toBe(await remembered());
    return events;
  };
  const poll = async () => remember(await observe());

  const remembered = async () => {
    const [row] = await state.query<{ active: boolean }>(
      'SELECT active FROM oauth_token_exporter.tokens WHERE token_id = $1',
      [tokenId],
    );
    return row?.active;
  };
  const isActive = async () => {
    const [row] = await app.query<{ active: boolean }>(
      'SELECT is_active AS active FROM fathom_integrations WHERE id = $1',
      [tokenId],
    );
    return row?.active;
  };
  const ledger = async () => {
    const lines = await state.query<{ event: string }>(
      `SELECT event FROM oauth_token_exporter.ledger
       WHERE token_id = $1 AND event <> 'first_seen' ORDER BY id`,
      [tokenId],
    );
    return lines.map(({ event }) => event);
  };
  const switchTo = async (on: boolean) => {
    const [row] = await app.query<{ ms: number }>(
      `SELECT floor(extract(epoch FROM token_expires_at) * 1000)::float8 AS ms
       FROM fathom_integrations WHERE id = $1`,
      [tokenId],
    );
    const event = on ? ('reactivated_by_hand' as const) : ('deactivated_by_hand' as const);
    return switchRows(
      { app: pool, state: isApart ? statePool : null },
      [{ provider, tokenId, expiresAtMs: row!.ms, event, reason: null }],
      on,
      { actor: 'ada', why: null },
    );
  };
  const applicationSets = (change: string) =>
    app.query(`UPDATE fathom_integrations SET ${change} WHERE id = $1`, [tokenId]);
  /** Time passes: what is in the ledger becomes older. */
  const later = () =>
    state.query(`UPDATE oauth_token_exporter.ledger SET at = at - interval '1 minute'`);

  /** Runs `work` while what writes the memory of the token waits, until it is released. */
  const whileHeldBack = async (work: (release: () => Promise<unknown>) => Promise<void>) => {
    const holder = await statePool.connect();
    try {
      await holder.query('BEGIN');
      await holder.query('SELECT FROM oauth_token_exporter.tokens WHERE token_id = $1 FOR UPDATE', [
        tokenId,
      ]);
      await work(() => holder.query('COMMIT'));
    } finally {
      holder.release();
    }
  };
  const waitingFor = (count: number) =>
    until(`${String(count)} wait for the row`, async () => {
      const waiting = await state.query(
        `SELECT FROM pg_stat_activity
         WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      return waiting.length === count;
    });
  /** The memory's database is an hour behind that of the tokens. */
  const turnMemoryClockBack = async () => {
    await state.query(
      `CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql STABLE
         AS $$ SELECT pg_catalog.now() - interval '1 hour' $$;
       ALTER DATABASE ${state.name} SET search_path = public, pg_catalog`,
    );
    await statePool.end();
    statePool = openTestPool(state.url, 3);
  };
  const stop = async () => {
    await pool.end();
    await statePool.end();
    await app.drop();
    if (isApart) await state.drop();
  };
  await poll();
  return {
    app,
    state,
    provider,
    tokenId,
    observe,
    rememberWith,
    remember,
    poll,
    remembered,
    isActive,
    ledger,
    switchTo,
    applicationSets,
    later,
    whileHeldBack,
    waitingFor,
    turnMemoryClockBack,
    stop,
  };
}
