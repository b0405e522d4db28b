import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startCli } from '../support/process.js';
import type { RunningCli } from '../support/process.js';
import { until } from '../support/until.js';
import { startRefreshWorld } from './refresh-world.js';
import type { RefreshWorld } from './refresh-world.js';

/** `npx tsx bench/refresh-kill.ts` asks for 2,000. */
const tokens = Number(process.env['REFRESH_TOKENS'] ?? 200);

let world: RefreshWorld;
let running: RunningCli[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((cli) => cli.stop('SIGKILL')));
  await world.stop();
});

function start(count: number): RunningCli[] {
  running = Array.from({ length: count }, (_, replica) =>
    startCli(['serve'], {
      ...world.env,
      JOURNAL_DIR: join(world.directory, `journal-${String(replica)}`),
      LOG_LEVEL: 'info',
    }),
  );
  return running;
}

async function fresh(): Promise<number> {
  const [row] = await world.database.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM fathom_integrations WHERE token_expires_at > now()',
  );
  return row?.count ?? 0;
}

/** Throws how it stands until they are all refreshed. */
async function allFresh(count: number): Promise<true> {
  const now = await fresh();
  if (now === count) return true;
  const said = running.map((cli) => cli.stderr().split('\n').slice(-3).join('\n'));
  throw new Error(`${String(now)} of ${String(count)}; ${said.join('\n')}`);
}

describe('four exporters in one cluster', () => {
  it(
    'refresh each token exactly once',
    async () => {
      world = await startRefreshWorld();
      await world.addTokens(tokens, '-1 hour');
      const replicas = start(4);
      const withinMs = 30_000 + tokens * 100;
      await until('all are refreshed', () => allFresh(tokens), { withinMs });
      const ended = await Promise.all(replicas.map((cli) => cli.stop('SIGTERM')));
      expect(world.server.counts()).toEqual({
        refreshes: tokens,
        replays: 0,
        revokedByReplay: 0,
      });
      expect(await world.livingGrants()).toBe(tokens);
      expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
      const counts = ended.map(({ stderr }) => stderr.split('token refreshed').length - 1);
      console.log(`refreshed by each: ${counts.join(', ')}`);
    },
    90_000 + tokens * 120,
  );

  it('leave alone what a dead one of them has claimed', async () => {
    world = await startRefreshWorld();
    await world.addTokens(40, '-1 hour');
    let hold = true;
    const held: (() => void)[] = [];
    // Answers are on their way when their exporter dies; the first proves its configuration.
    world.server.use(async (_context, next) => {
      await next();
      if (hold && world.server.counts().refreshes > 1)
        await new Promise<void>((resolve) => held.push(resolve));
    });
    const [first] = start(1);
    await until('requests are out', () => held.length === 3, { withinMs: 20_000 });
    const claimed = await world.database.query<{ token_id: string }>(
      'SELECT token_id FROM oauth_token_exporter.tokens WHERE claimed_by IS NOT NULL',
    );
    await first?.stop('SIGKILL');
    hold = false;
    held.forEach((release) => {
      release();
    });
    running = [
      startCli(['serve'], { ...world.env, JOURNAL_DIR: join(world.directory, 'another') }),
    ];
    await until('the others are refreshed', () => allFresh(40 - claimed.length), {
      withinMs: 40_000,
    });
    const stillClaimed = async () => {
      const [row] = await world.database.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM oauth_token_exporter.tokens WHERE claimed_by IS NOT NULL',
      );
      return row?.count;
    };
    await until('only the claims of the dead are left', async () => {
      return (await stillClaimed()) === claimed.length;
    });
    expect(world.server.counts()).toMatchObject({ replays: 0, revokedByReplay: 0 });
  }, 90_000);
});

describe('an exporter that is asked to end', () => {
  it('waits for the answers that are on their way and stores them', async () => {
    world = await startRefreshWorld();
    await world.addTokens(4, '-1 hour');
    const held: (() => void)[] = [];
    world.server.use(async (_context, next) => {
      await next();
      if (world.server.counts().refreshes > 1) {
        await new Promise<void>((resolve) => held.push(resolve));
      }
    });
    const [exporter] = start(1);
    await until('requests are out', () => held.length === 3, { withinMs: 20_000 });
    const ending = exporter?.stop('SIGTERM');
    // It no longer answers scrapes only after its requests have ended, so wait for what it says.
    held.forEach((release) => {
      release();
    });
    expect((await ending)?.code).toBe(0);
    expect(await fresh()).toBe(4);
    expect(await world.livingGrants()).toBe(4);
    const open = 'SELECT FROM oauth_token_exporter.tokens WHERE claimed_by IS NOT NULL';
    expect(await world.database.query(open)).toEqual([]);
  });
});
