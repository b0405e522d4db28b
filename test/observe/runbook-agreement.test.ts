import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeOnEachServer, type TestDatabase } from '../support/postgres.js';
import type { Poller } from './poller.js';
import { openTimelessTokens, type TimelessTokens } from './timeless-tokens.js';

const rowCount = 5_000;

/** The runbook's CASE, with a bound instant for its NOW(), counted by is_active. */
const runbookCounts = `
SELECT coalesce(is_active, true) AS active,
       CASE
         WHEN token_expires_at < $1::timestamptz THEN 'EXPIRED'
         WHEN token_expires_at < $1::timestamptz + INTERVAL '7 days' THEN 'EXPIRING SOON'
         ELSE 'VALID'
       END AS status,
       count(*)::int AS count,
       count(*) FILTER (WHERE token_expires_at IS NULL)::int AS without_expiry`;

/** 0 = no expiry, 1 = infinity, 2 = -infinity; the others up to ten years before or after now. */
const insertRandomRows = `
INSERT INTO fathom_integrations (user_id, access_token, token_expires_at, is_active)
SELECT gen_random_uuid(), 'a',
       CASE (random() * 19)::int
         WHEN 0 THEN NULL
         WHEN 1 THEN 'infinity'
         WHEN 2 THEN '-infinity'
         WHEN 3 THEN now() + (random() - 0.5) * interval '20 years'
         WHEN 4 THEN now() + interval '7 days' + (random() - 0.5) * interval '10 seconds'
         ELSE now() + (random() - 0.5) * interval '20 days'
       END,
       CASE (random() * 2)::int WHEN 0 THEN true WHEN 1 THEN false END
FROM generate_series(1, $1)`;

/**
 * Distances from now, in microseconds, at which a status changes or nearly does. now() differs in
 * every transaction, so the table becomes a view that places its rows where now() is.
 */
const nearBoundaries = [0, 7 * 86_400_000_000].flatMap((boundary) =>
  [-1_000_001, -1_000, -999, -1, 0, 1, 999, 1_000, 1_000_001].map(
    (distance) => boundary + distance,
  ),
);

describeOnEachServer('the counts of a poll', (server) => {
  let opened: TimelessTokens;
  let database: TestDatabase;
  let poller: Poller;
  beforeEach(async () => {
    opened = await openTimelessTokens(server);
    ({ database, poller } = opened);
  });
  afterEach(() => opened.close());

  /** What the runbook counts at the instant of `observedAt`, in our words. */
  async function runbook(observedAt: Date, from: string) {
    const rows = await database.query<{
      active: boolean;
      status: string;
      count: number;
      without_expiry: number;
    }>(`${runbookCounts} FROM ${from} GROUP BY 1, 2`, [observedAt.toISOString()]);
    const count = (active: boolean, status: string) => {
      const row = rows.find((each) => each.active === active && each.status === status);
      return { count: row?.count ?? 0, withoutExpiry: row?.without_expiry ?? 0 };
    };
    const counts = (active: boolean) => {
      const valid = count(active, 'VALID');
      return {
        expired: count(active, 'EXPIRED').count,
        expiring_soon: count(active, 'EXPIRING SOON').count,
        valid: valid.count - valid.withoutExpiry,
        unknown: valid.withoutExpiry,
      };
    };
    return { active: counts(true), inactive: counts(false) };
  }

  it('are those of the runbook at the same instant, for random rows', async () => {
    await database.query(insertRandomRows, [rowCount]);

    const { observedAt, providers } = await poller.poll();
    const tokens = providers.get('fathom')?.tokens;

    expect({ active: tokens?.active, inactive: tokens?.inactive }).toEqual(
      await runbook(observedAt!, 'fathom_integrations'),
    );
    expect(tokens?.total).toBe(rowCount);
    for (const counts of [tokens?.active, tokens?.inactive]) {
      expect(Object.values(counts!).every((count) => count > 0)).toBe(true);
    }
  });

  it('are those of the runbook to the microsecond around now and the end of the window', async () => {
    await database.query(`
      ALTER TABLE fathom_integrations RENAME TO base;
      CREATE TABLE distances (microseconds bigint);
      CREATE VIEW fathom_integrations AS
        SELECT gen_random_uuid() AS id, gen_random_uuid() AS user_id, true AS is_active,
               date_trunc('milliseconds', now()) + microseconds * interval '1 microsecond'
                 AS token_expires_at
        FROM distances`);
    await database.query('INSERT INTO distances SELECT unnest($1::bigint[])', [nearBoundaries]);

    const { observedAt, providers } = await poller.poll();

    const sameRows = `(SELECT true AS is_active,
      $1::timestamptz + microseconds * interval '1 microsecond' AS token_expires_at
      FROM distances) AS tokens`;
    const expected = await runbook(observedAt!, sameRows);
    expect(providers.get('fathom')?.tokens?.active).toEqual(expected.active);
    expect(expected.active).toEqual({ expired: 4, expiring_soon: 9, valid: 5, unknown: 0 });
  });
});
