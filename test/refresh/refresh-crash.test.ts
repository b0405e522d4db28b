import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { startCli } from '../support/process.js';
import type { RunningCli } from '../support/process.js';
import { until } from '../support/until.js';
import { dieBeforeStoring, openForgetfulJournal, openRealJournal } from './die-before-storing.js';
import { readLeftBehind } from './left-behind.js';
import { startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

/** `npm run bench:refresh-kill` asks for many more, and for the figures in a file. */
const kills = Number(process.env['REFRESH_KILLS'] ?? 4);
const report = process.env['REFRESH_KILL_REPORT'];
const tokens = 30;

let world: RefreshWorld;
let running: RunningCli[] = [];

afterEach(async () => {
  await Promise.all(running.map((cli) => cli.stop('SIGKILL')));
  running = [];
  await world.stop();
});

/**
 * Kills exporters at random moments while they refresh tokens that live for four seconds, starts
 * them again, and keeps account of every grant.
 */
async function killRepeatedly(replicas: number) {
  world = await startRefreshWorld({ accessTokenSeconds: 4 });
  const ids = await world.addTokens(tokens, '-1 hour');
  const journalOf = (replica: number) => join(world.directory, `journal-${String(replica)}`);
  const start = (replica: number) =>
    startCli(['serve'], { ...world.env, JOURNAL_DIR: journalOf(replica), LOG_LEVEL: 'warn' });
  running = Array.from({ length: replicas }, (_, replica) => start(replica));

  const account = { kills: 0, locked: 0, recovered: 0, ambiguous: 0, lost: 0 };
  const { server } = world;
  for (; account.kills < kills; account.kills += 1) {
    await refreshesGoOn(server, 1 + Math.random() * 10, 15_000);
    const holdsLock = Math.random() < 0.7;
    account.locked += Number(holdsLock);
    const unlock = holdsLock ? await keepFromStoring() : () => Promise.resolve();
    if (holdsLock) await refreshesGoOn(server, 1 + Math.random() * 5, 1_500).catch(() => undefined);
    const momentMs = performance.now() + Math.random() * 30;
    await until('the moment', () => performance.now() >= momentMs, { everyMs: 1 });
    const victim = Math.floor(Math.random() * replicas);
    await running[victim]?.stop('SIGKILL');
    await unlock();

    const { answered, sent, unstored } = await readLeftBehind(world, journalOf(victim));
    const ambiguous = [...unstored].filter((id) => sent.has(id));
    running[victim] = start(victim);
    // What this journal knows nothing of is another replica's work.
    const open = new Set([...unstored].filter((id) => !sent.has(id)));
    await until(
      'what was answered is in the database',
      async () => {
        const refused = await world.refusedTokens();
        for (const id of open) if (!refused.has(id)) open.delete(id);
        return open.size === 0;
      },
      { withinMs: 30_000 },
    ).catch(() => undefined);
    account.recovered += [...unstored].filter((id) => answered.has(id)).length;
    account.ambiguous += ambiguous.length;
    account.lost += open.size;
    // Their users authorize again.
    await until(
      'the repeated requests were answered',
      async () => {
        const waiting = await world.database.query(
          `SELECT claimed_by, suspected_at, not_before, failure_reason, refreshed_at
           FROM oauth_token_exporter.tokens WHERE token_id = ANY($1) AND suspected_at IS NULL`,
          [ambiguous],
        );
        return waiting.length === 0 || Promise.reject(new Error(JSON.stringify(waiting)));
      },
      { withinMs: 40_000 },
    );
    for (const id of ambiguous) await world.reauthorize(id, '6 seconds');
  }
  await Promise.all(running.map((cli) => cli.stop('SIGTERM')));
  const { refreshes, replays } = server.counts();
  const living = await world.livingGrants();
  await note(replicas === 1 ? 'one exporter' : `one of ${String(replicas)} exporters`, {
    ...account,
    refreshes,
    replays,
    living,
    all: ids.length,
  });
  expect(replays).toBeLessThanOrEqual(account.ambiguous);
  return { ...account, living, all: ids.length };
}

/** Shows figures, or leaves them for the script that asked for them. */
async function note(scenario: string, figures: Record<string, number>): Promise<void> {
  if (report === undefined) console.log(`${scenario}: ${JSON.stringify(figures)}`);
  else await appendFile(report, `${JSON.stringify({ scenario, ...figures })}\n`);
}

/** Waits until the server has answered so many more refreshes. */
async function refreshesGoOn(
  server: RefreshWorld['server'],
  more: number,
  withinMs: number,
): Promise<void> {
  const goal = server.counts().refreshes + more;
  await until('refreshes go on', () => server.counts().refreshes >= goal, { withinMs, everyMs: 2 });
}

/** Rows can be read and locked, but not written, until it is undone. */
async function keepFromStoring(): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: world.database.url });
  await client.connect();
  await client.query('BEGIN; LOCK TABLE fathom_integrations IN SHARE MODE');
  return () => client.end();
}

describe('an exporter that is killed while it refreshes', () => {
  it(
    'loses no grant whose answer it had read',
    async () => {
      const account = await killRepeatedly(1);
      expect(account).toMatchObject({ kills, lost: 0, living: account.all });
      expect(account.recovered).toBeGreaterThan(0);
    },
    60_000 + kills * 15_000,
  );

  it(
    'loses none of them when it is one of three',
    async () => {
      const account = await killRepeatedly(3);
      expect(account).toMatchObject({ kills, lost: 0, living: account.all });
    },
    60_000 + kills * 15_000,
  );

  it('finds all answers in its journal', async () => {
    world = await startRefreshWorld();
    await world.addTokens(6, '-1 hour');
    expect(await dieBeforeStoring(world, openRealJournal)).toMatchObject({
      replays: 0,
      living: 6,
    });
  });

  it('would lose them without its journal', async () => {
    world = await startRefreshWorld();
    await world.addTokens(6, '-1 hour');
    const { refreshes, replays, living } = await dieBeforeStoring(world, openForgetfulJournal);
    const lost = 6 - living;
    await note('without a journal', {
      kills: 1,
      locked: 1,
      lost,
      refreshes,
      replays,
      living,
      all: 6,
    });
    expect({ replays, living }).toEqual({ replays: 6, living: 0 });
  });
});
