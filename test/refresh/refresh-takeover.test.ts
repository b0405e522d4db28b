import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { nothingKnown } from '../../src/assess/assess.js';
import type { SilentJournal } from '../../src/assess/memories.js';
import { planConnections } from '../../src/database/plan-connections.js';
import { openPool } from '../../src/database/open-pool.js';
import { createJournalObserver } from '../../src/refresh/observe-journals.js';
import { startRefreshing } from '../../src/refresh/start-refreshing.js';
import { takeOverClaims } from '../../src/refresh/take-over-claims.js';
import { startCli } from '../support/process.js';
import type { RunningCli } from '../support/process.js';
import { until } from '../support/until.js';
import { readLeftBehind } from './left-behind.js';
import { configOf, startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

const minute = 60_000;

let world: RefreshWorld;
let running: RunningCli[] = [];
let pool: pg.Pool | null = null;

afterEach(async () => {
  await Promise.all(running.map((cli) => cli.stop('SIGKILL')));
  running = [];
  await pool?.end();
  pool = null;
  await world.stop();
});

const journalOf = (name: string) => join(world.directory, name);

function start(name: string): RunningCli {
  const env = { ...world.env, JOURNAL_DIR: journalOf(name), LOG_LEVEL: 'warn' };
  const cli = startCli(['serve'], env);
  running.push(cli);
  return cli;
}

function openTestPool(): pg.Pool {
  pool ??= openPool(
    { connectionString: world.database.url },
    { connectTimeoutMs: 5_000, onIdleError: () => undefined },
  );
  return pool;
}

/** Lets the first request through, then holds those that come; `before`: the server has not seen them. */
function holdRequests(hold: 'before' | 'after') {
  const held: (() => void)[] = [];
  let first = true;
  let open = false;
  world.server.use(async (_context, next) => {
    const holds = !first && !open;
    first = false;
    const release = () => new Promise<void>((resolve) => held.push(resolve));
    if (holds && hold === 'before') {
      await release();
      return;
    }
    await next();
    if (holds) await release();
  });
  return {
    held,
    release() {
      open = true;
      for (const each of held.splice(0)) each();
    },
  };
}

interface Claims {
  readonly ids: readonly string[];
  readonly journal: SilentJournal;
}

/** What the dead exporter holds claimed, after its heartbeat stood still for 16 polls. */
async function claimsOfTheDead(): Promise<Claims> {
  const rows = await world.database.query<{ token_id: string; claimed_by: string }>(
    'SELECT token_id, claimed_by FROM oauth_token_exporter.tokens WHERE claimed_by IS NOT NULL',
  );
  const journalId = rows[0]?.claimed_by ?? '';
  await world.database.query(
    `UPDATE oauth_token_exporter.journals SET seen_at = now() - interval '1 hour'
     WHERE journal_id = $1`,
    [journalId],
  );
  const observer = createJournalObserver(openTestPool(), minute);
  let silent: readonly SilentJournal[] = [];
  for (let n = 0; n <= 16; n += 1) silent = await observer.observe(new Date(n * minute));
  const journal = silent.find((each) => each.journalId === journalId);
  if (journal === undefined) throw new Error('it is not silent');
  expect(journal).toMatchObject({ host: hostname(), unseenMs: 16 * minute, claims: rows.length });
  return { ids: rows.map(({ token_id }) => token_id), journal };
}

/** Waits until all rows were refreshed by us but these. */
function refreshedBut(ids: readonly string[]): Promise<unknown> {
  return until(
    'the others are refreshed',
    async () => {
      const rows = await world.database.query<{ token_id: string }>(
        'SELECT token_id FROM oauth_token_exporter.tokens WHERE refreshed_at IS NULL',
      );
      const open = rows.map(({ token_id }) => token_id).filter((id) => !ids.includes(id));
      return open.length === 0 || Promise.reject(new Error(`${String(open.length)} are not`));
    },
    { withinMs: 40_000 },
  );
}

describe('an exporter that is killed for good while it holds answers', () => {
  it('is spared by the one that lives on while access tokens live, and its journal recovers them', async () => {
    world = await startRefreshWorld();
    // Due, since they live for a day, and far from expired.
    await world.addTokens(20, '1 hour');
    const requests = holdRequests('after');
    const dead = start('dead');
    await until('requests are out', () => requests.held.length === 3, { withinMs: 20_000 });
    const locker = new pg.Client({ connectionString: world.database.url });
    await locker.connect();
    await locker.query('BEGIN; LOCK TABLE fathom_integrations IN SHARE MODE');
    requests.release();
    await until('answers can not be stored', async () => {
      const waiting = await world.database.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database()
           AND wait_event_type = 'Lock'`,
      );
      return waiting.length > 0;
    });
    // What was claimed ahead is sent too. A request killed on its way back would be lost for good.
    let before = -1;
    const isQuiet = () => before === (before = world.server.counts().refreshes);
    await until('nothing more is sent', isQuiet, { everyMs: 500 });
    await dead.stop('SIGKILL');
    await locker.end();
    const { answered } = await readLeftBehind(world, journalOf('dead'));
    expect(answered.size).toBeGreaterThan(0);

    start('living');
    const { ids, journal } = await claimsOfTheDead();
    await refreshedBut(ids);
    expect(await takeOverClaims(openTestPool(), journal, 'fathom')).toEqual([]);
    expect(world.server.counts()).toMatchObject({ replays: 0, revokedByReplay: 0 });

    // Somebody mounts its volume again.
    start('dead');
    await refreshedBut([]);
    expect(world.server.counts().revokedByReplay).toBe(0);
    expect(await world.livingGrants()).toBe(20);
  }, 120_000);
});

describe('claims of a silent journal whose access tokens have expired', () => {
  /** Dies with requests out that never reach the server. */
  async function dieWithClaims(): Promise<Claims> {
    world = await startRefreshWorld();
    await world.addTokens(20, '-1 hour');
    const requests = holdRequests('before');
    const dead = start('dead');
    await until('requests are out', () => requests.held.length === 3, { withinMs: 20_000 });
    await dead.stop('SIGKILL');
    requests.release();
    const claims = await claimsOfTheDead();
    expect(claims.ids.length).toBeGreaterThanOrEqual(3);
    return claims;
  }

  it('are taken over, refreshed as usual, and not sent again by a journal that comes back', async () => {
    const { ids, journal } = await dieWithClaims();
    const config = configOf({ ...world.env, JOURNAL_DIR: journalOf('living') });
    const planned = planConnections(config);
    if (!planned.ok) throw new Error(JSON.stringify(planned.problems));
    const { target } = planned.plans.state;
    const statePool = openTestPool();
    const warnings: string[] = [];
    const living = startRefreshing({
      config,
      databaseOf: () => ({ pool: statePool, target, timeoutMs: 5_000 }),
      statePool,
      listenerFor: () => ({
        onSent: () => undefined,
        onOutcome: () => undefined,
        onAppCall: () => undefined,
        onHealthChange: () => undefined,
        onAmbiguousRequest: () => undefined,
        onTrouble: () => undefined,
      }),
      onJournal: () => undefined,
      onWarning: (message) => warnings.push(message),
      processId: randomUUID(),
      random: Math.random,
      monotonicMs: () => performance.now(),
      clock: () => new Date(),
    });
    await living.prepare();
    const assessment = { ...nothingKnown, silentJournals: [journal] };
    living.offer({ ...assessment, silentJournals: [{ ...journal, unseenMs: 15 * minute - 1 }] });
    living.offer(assessment);
    const taken = () => warnings.filter((message) => message.includes('taken over'));
    await until('they are taken over', () => taken().length > 0);
    await living.stop();
    expect(taken()).toEqual([
      expect.stringContaining(`${String(ids.length)} tokens of fathom were taken over`),
    ]);
    const ledger = await world.database.query<{ token_id: string; detail: string }>(
      `SELECT token_id, detail FROM oauth_token_exporter.ledger WHERE event = 'claim_taken_over'`,
    );
    expect(ledger.map(({ token_id }) => token_id).sort()).toEqual([...ids].sort());
    expect(ledger[0]?.detail).toBe(
      `journal ${journal.journalId} of ${hostname()}, unseen for 16 min`,
    );

    const successor = start('living');
    await refreshedBut([]);
    await successor.stop('SIGTERM');
    const { refreshes } = world.server.counts();
    // When it refreshes something, it has worked its journal off.
    const back = start('dead');
    await world.addTokens(1, '-1 hour');
    await until('it is back', () => world.server.counts().refreshes > refreshes, {
      withinMs: 20_000,
    });
    expect((await back.stop('SIGTERM')).code).toBe(0);
    expect((await readLeftBehind(world, journalOf('dead'))).sent.size).toBe(0);
    const counts = { refreshes: refreshes + 1, replays: 0, revokedByReplay: 0 };
    expect(world.server.counts()).toEqual(counts);
    expect(await world.livingGrants()).toBe(21);
  }, 120_000);

  it('stay with a journal whose owner has just said that it lives', async () => {
    const { journal } = await dieWithClaims();
    const seen = (ago: string) =>
      world.database.query(
        `UPDATE oauth_token_exporter.journals SET seen_at = now() - $2::interval
         WHERE journal_id = $1`,
        [journal.journalId, ago],
      );
    await seen('14 minutes 50 seconds');
    expect(await takeOverClaims(openTestPool(), journal, 'fathom')).toEqual([]);
    await seen('15 minutes');
    expect(await takeOverClaims(openTestPool(), journal, 'another')).toEqual([]);
    expect(await takeOverClaims(openTestPool(), journal, 'fathom')).toHaveLength(journal.claims);
    expect(await takeOverClaims(openTestPool(), journal, 'fathom')).toEqual([]);
  }, 60_000);
});
