import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPool } from '../../src/database/open-pool.js';
import { migrate } from '../../src/store/migrate.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';
import { simulateWatch } from './simulate-watch.js';
import { createWorld, dayMs } from './simulated-world.js';

let database: TestDatabase;
let pool: ReturnType<typeof openPool>;

beforeAll(async () => {
  database = await createDatabase(testServer17);
  pool = openPool(
    { connectionString: database.url },
    { connectTimeoutMs: 5_000, onIdleError: () => undefined },
  );
  await migrate(pool);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

describe('a watch of 48 hours', () => {
  it('is STABLE after a clean run', async () => {
    const t = performance.now();
    const result = await simulateWatch(database, pool, { world: createWorld(5, dayMs) });
    console.log(performance.now() - t, JSON.stringify(result.judgement, null, 1), result.samples, result.logged, result.notices);
    expect(result.judgement.verdict).toBe('STABLE');
  }, 120_000);
});
