import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { failureReasons } from '../../src/refresh/failure-reason.js';
import { noteConfiguration } from '../../src/refresh/note-configuration.js';
import { migrate } from '../../src/store/migrate.js';
import { createDatabase, describeOnEachServer, openTestPool } from '../support/postgres.js';
import type { TestDatabase } from '../support/postgres.js';

describeOnEachServer('a start with another configuration', (server) => {
  let database: TestDatabase;
  let pool: Pool;

  beforeAll(async () => {
    database = await createDatabase(server);
    pool = openTestPool(database.url, 4);
    await migrate(pool);
  });

  beforeEach(async () => {
    await database.query(`
      TRUNCATE oauth_token_exporter.tokens, oauth_token_exporter.providers`);
    await database.query(
      `INSERT INTO oauth_token_exporter.tokens
         (provider, token_id, first_seen_at, active, failures, failure_reason, failed_at, not_before)
       SELECT provider, reason, now(), true, 3, reason, now(), now() + interval '1 hour'
       FROM unnest($1::text[]) AS reason, unnest(ARRAY['fathom', 'google']) AS provider`,
      [failureReasons],
    );
  });

  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const note = (fingerprint: string) => noteConfiguration(pool, 'fathom', fingerprint);

  const backingOff = async (provider = 'fathom') => {
    const rows = await database.query<{ token_id: string }>(
      `SELECT token_id FROM oauth_token_exporter.tokens
       WHERE provider = $1 AND not_before IS NOT NULL ORDER BY token_id`,
      [provider],
    );
    return rows.map(({ token_id }) => token_id);
  };

  it('ends the backoffs of what may have failed because of it, and no others', async () => {
    await note('old');
    expect(await note('new')).toBe(true);
    expect(await backingOff()).toEqual(['invalid_grant', 'no_refresh_token', 'superseded']);
    expect(await backingOff('google')).toHaveLength(failureReasons.length);
  });

  it('is told from the first start there is, and from one with the same', async () => {
    expect(await note('old')).toBe(false);
    expect(await note('old')).toBe(false);
    expect(await backingOff()).toHaveLength(failureReasons.length);
  });

  it('may be a return to an earlier one', async () => {
    await note('old');
    await note('new');
    expect(await note('old')).toBe(true);
  });

  it('is seen by one of the replicas that start together', async () => {
    await note('old');
    const seen = await Promise.all([note('new'), note('new'), note('new')]);
    expect(seen.filter((changed) => changed)).toHaveLength(1);
  });

  it('lets the endpoint of the application be called again, a minute after the last call at most', async () => {
    const waits = async () => {
      const [row] = await database.query<{ failures: number; seconds: number }>(
        `SELECT failures, round(extract(epoch FROM not_before - now()))::float8 AS seconds
         FROM oauth_token_exporter.providers`,
      );
      return row;
    };
    await note('old');
    await database.query(
      `UPDATE oauth_token_exporter.providers SET failures = 5, not_before = now() + interval '1 hour'`,
    );
    await note('old');
    expect(await waits()).toEqual({ failures: 5, seconds: 3600 });
    await note('new');
    expect(await waits()).toEqual({ failures: 0, seconds: 60 });
  });
});
