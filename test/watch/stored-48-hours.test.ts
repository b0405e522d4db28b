import { afterAll, describe, expect, it } from 'vitest';
import { openPool } from '../../src/database/open-pool.js';
import { migrate } from '../../src/store/migrate.js';
import { parseWatch } from '../../src/watch/parse-watch.js';
import { hashOf, keptSamples } from '../../src/watcher/end-watch.js';
import { readBaseline, readSamples, readWatches } from '../../src/store/watches.js';
import { writeTransaction } from '../../src/database/write-transaction.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import { keepInPostgres, simulateWatch } from './simulate-watch.js';
import type { Scenario, Simulated } from './simulate-watch.js';
import { createWorld, dayMs, hourMs } from './simulated-world.js';

const cleanups: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup();
});

/** The whole way: locked rows, samples, restarts, the seal. */
async function simulateStored(scenario: Scenario) {
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
  const result = await simulateWatch(scenario, (terms) => keepInPostgres(database, pool, terms));
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
