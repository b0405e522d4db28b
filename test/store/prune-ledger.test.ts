import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPool } from '../../src/database/open-pool.js';
import { migrate } from '../../src/store/migrate.js';
import { pruneLedger } from '../../src/store/prune-ledger.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';

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

it('deletes the lines of the ledger that are older than the configured time, and no others', async () => {
  await database.query(
    `INSERT INTO oauth_token_exporter.ledger (at, provider, token_id, event, actor)
     SELECT now() - n * interval '1 minute', 'fathom', n::text, 'refreshed', 'refresh'
     FROM generate_series(1, 12000) AS n`,
  );
  const aDayAndHalfAMinute = 86_400_000 + 30_000;
  expect(await pruneLedger(pool, aDayAndHalfAMinute)).toBe(12_000 - 24 * 60);
  const [left] = await database.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM oauth_token_exporter.ledger',
  );
  expect(left?.count).toBe(24 * 60);
});
