import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { createPoller, referenceSchema } from './poller.js';

/** More than are fetched at a time. */
const tokens = 4_001;

describe('the most urgent of many tokens', () => {
  let database: TestDatabase;
  /** As the table has them: active first, the soonest expiry first. */
  let order: string[];
  beforeAll(async () => {
    database = await createDatabase(testServer17);
    await database.query(referenceSchema);
    await database.query(
      `INSERT INTO fathom_integrations
         (user_id, access_token, token_expires_at, is_active, last_sync_at)
       SELECT gen_random_uuid(), 'a', now() + n * 7919 % ${tokens} * interval '1 minute',
              n % 10 <> 0, CASE WHEN n % 3 > 0 THEN now() - n * interval '1 second' END
       FROM generate_series(1, ${tokens}) n`,
    );
    const rows = await database.query<{ id: string }>(
      'SELECT id FROM fathom_integrations ORDER BY is_active DESC, token_expires_at, id',
    );
    order = rows.map(({ id }) => id);
  });
  afterAll(() => database.drop());

  const seenWith = async (limit: number) => {
    const poller = createPoller(database.url, {
      yaml: `token_series_limit: ${limit}\nproviders:\n  fathom: { preset: fathom }\n`,
    });
    try {
      const fathom = (await poller.poll()).providers.get('fathom');
      return {
        ids: fathom?.tokens?.mostUrgent.map(({ id }) => id),
        synced: fathom?.syncs?.lastSuccess.map(({ id }) => id),
      };
    } finally {
      await poller.close();
    }
  };

  it.each([
    ['none', 0],
    ['one', 1],
    ['as many as are fetched at a time', 2_000],
    ['one more', 2_001],
    ['all but one', tokens - 1],
    ['all', tokens],
    ['more than there are', tokens + 1],
  ])('are complete and in order, with the last syncs of just these: %s', async (_, limit) => {
    const { ids, synced } = await seenWith(limit);
    const wanted = order.slice(0, limit);
    expect(ids).toEqual(wanted);
    const everSynced = await database.query<{ id: string }>(
      'SELECT id FROM fathom_integrations WHERE last_sync_at IS NOT NULL AND id = ANY($1)',
      [wanted],
    );
    expect(synced?.toSorted()).toEqual(everSynced.map(({ id }) => id).toSorted());
  });
});
