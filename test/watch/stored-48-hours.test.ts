import { afterAll, describe, expect, it } from 'vitest';
import { openPool } from '../../src/database/open-pool.js';
import { migrate } from '../../src/store/migrate.js';
import { parseWatch } from '../../src/watch/parse-watch.js';
import { hashOf, keptSamples } from '../../src/watcher/end-watch.js';
import { readBaseline, readSamples, readWatches } from '../../src/store/watches.js';
import { writeTransaction } from '../../src/database/write-transaction.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import { keepByTheHour, keepInPostgres } from './keep-in-postgres.js';
import { simulateWatch } from './simulate-watch.js';
import type { Scenario, Simulated } from './simulate-watch.js';
import { createWorld, dayMs, hourMs, minuteMs, tokenOf } from './simulated-world.js';
import type { SimulatedWorld } from './simulated-world.js';

const cleanups: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup();
});

/** The whole way: locked rows, samples, restarts, the seal. */
async function simulateStored(scenario: Scenario, keep = keepInPostgres) {
  const database = await createDatabase(testServer17);
  const pool = openPool(
    { connectionString: database.url },
    { connectTimeoutMs: 5_000, onIdleError: () => undefined },
  );
  cleanups.push(async () => {
    await pool.end();
    await database.drop();
  });
  await migrate(pool);
  const result = await simulateWatch(scenario, (terms) => keep(pool, terms));
  const sealed = () =>
    writeTransaction(pool, async (query) => {
      const [row] = await readWatches(query, { limit: 1 });
      const { state, end } = parseWatch(row!, await readBaseline(query, row!.id));
      const samples = keptSamples(await readSamples(query, row!.id));
      return end?.hash === hashOf(state, end!.judgement, samples);
    });
  return { database, result, sealed };
}

const titles = ({ notices }: Simulated) => notices.map(({ title }) => title);

describe('the samples of a watch in Postgres', () => {
  it('are STABLE after 48 hours although the exporter restarts every hour, and sealed', async () => {
    const { database, result, sealed } = await simulateStored({
      world: createWorld(5, dayMs),
      restartEveryMs: hourMs,
    });
    expect(result.judgement.verdict).toBe('STABLE');
    expect(result.samples).toHaveLength(5_760);
    expect(titles(result)).toHaveLength(6);
    expect(result.logged).toEqual([]);

    expect(await sealed()).toBe(true);
    await database.query(
      `UPDATE oauth_token_exporter.watch_samples SET at = at + interval '1 second' WHERE slot = 4000`,
    );
    expect(await sealed()).toBe(false);
  }, 240_000);

  it('are UNSTABLE when a grant dies, and nothing is added after that', async () => {
    const world = createWorld(5, dayMs);
    const { result, sealed } = await simulateStored({
      world,
      forMs: hourMs,
      events: [
        [
          hourMs / 2,
          (nowMs) => {
            world.kill('token-3', nowMs);
          },
        ],
      ],
    });
    expect(result.judgement.verdict).toBe('UNSTABLE');
    expect(result.samples).toHaveLength(60 + 1);
    expect(titles(result).at(-1)).toBe('Stability watch 1 of fathom: UNSTABLE');
    expect(await sealed()).toBe(true);
  }, 240_000);
});

/** What the world goes through in 48 hours without a visible scheduler, and the verdict that must come of it. */
const stories: readonly {
  readonly verdict: string;
  readonly story: string;
  readonly lifetimeMs?: number;
  readonly scenario?: Omit<Scenario, 'world'>;
  readonly atHour?: readonly [hour: number, event: (world: SimulatedWorld, nowMs: number) => void];
}[] = [
  {
    verdict: 'UNSTABLE',
    story: 'a grant dies at hour 47',
    atHour: [
      47,
      (world, nowMs) => {
        world.kill('token-1', nowMs);
      },
    ],
  },
  {
    verdict: 'INCONCLUSIVE',
    story: 'the exporter is down for 40 minutes',
    scenario: { isUp: (atMs) => atMs < 20 * hourMs || atMs >= 20 * hourMs + 40 * minuteMs },
  },
  {
    verdict: 'STABLE',
    story: 'the database restarts for 61 s and hiccups',
    scenario: {
      isUp: (atMs) =>
        !(atMs >= 10 * hourMs && atMs <= 10 * hourMs + 61_000) &&
        Math.floor(atMs / 30_000) % 500 !== 499,
    },
  },
  {
    verdict: 'UNSTABLE',
    story: 'somebody deactivates a token',
    atHour: [
      9,
      (world) => {
        tokenOf(world, 'token-2').active = false;
      },
    ],
  },
  { verdict: 'INCONCLUSIVE', story: 'tokens live 60 days', lifetimeMs: 60 * dayMs },
  {
    verdict: 'STABLE',
    story: 'tokens live 60 days and three are refreshed on purpose',
    lifetimeMs: 60 * dayMs,
    scenario: { prove: 3 },
  },
  {
    verdict: 'UNSTABLE',
    story: 'syncs stop while the tokens look fine',
    atHour: [
      30,
      (world, nowMs) => {
        world.syncsStoppedAtMs = nowMs;
      },
    ],
  },
];

describe('48 hours in Postgres', () => {
  it.each(stories)(
    'are what they should be when $story, sample for sample as computed without it',
    async ({ verdict, lifetimeMs = dayMs, scenario = {}, atHour }) => {
      const scenarioOf = (): Scenario => {
        const world = createWorld(3, lifetimeMs);
        if (atHour === undefined) return { ...scenario, world };
        const [hour, event] = atHour;
        return {
          ...scenario,
          world,
          events: [
            [
              hour * hourMs,
              (nowMs) => {
                event(world, nowMs);
              },
            ],
          ],
        };
      };
      const { result, sealed } = await simulateStored(scenarioOf(), keepByTheHour);
      const computed = await simulateWatch(scenarioOf());
      expect(result.judgement.verdict).toBe(verdict);
      expect(result.judgement).toEqual(computed.judgement);
      expect(result.samples).toEqual(computed.samples);
      expect(titles(result)).toEqual(titles(computed));
      expect(await sealed()).toBe(true);
    },
    240_000,
  );
});
