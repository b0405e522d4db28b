import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tokenStatus, tokenStatusWords } from '../../src/assess/token-status.js';
import { readSnapshot } from '../../src/database/read-snapshot.js';
import { instantSql } from '../../src/observe/readable-table.js';
import { epochMs } from '../../src/observe/instant-sql.js';
import { createDatabase, describeOnEachServer, type TestDatabase } from '../support/postgres.js';
import { createPoller, type Poller } from './poller.js';

const hourMs = 3_600_000;

/** An instant near a boundary, in microseconds from now: mostly within 3 ms of 0 or of the window. */
function nearBoundary(windowMs: number): fc.Arbitrary<number> {
  return fc
    .record({
      boundary: fc.constantFrom(0, windowMs * 1_000),
      distance: fc.oneof(
        fc.integer({ min: -3_000, max: 3_000 }),
        fc.integer({ min: -40 * 86_400_000_000, max: 40 * 86_400_000_000 }),
      ),
    })
    .map(({ boundary, distance }) => boundary + distance);
}

const windows = fc.constantFrom(1, 1_000, hourMs, 24 * hourMs, 7 * 24 * hourMs);
const nows = fc.date({
  min: new Date('1999-12-31T00:00:00Z'),
  max: new Date('2105-01-01T00:00:00Z'),
  noInvalidDate: true,
});

describeOnEachServer('TypeScript and the SQL of the runbook', (server) => {
  let database: TestDatabase;
  let poller: Poller;
  beforeAll(async () => {
    database = await createDatabase(server);
    poller = createPoller(database.url);
  });
  afterAll(async () => {
    await poller.close();
    await database.drop();
  });

  /** Each expiry as a poll reads it, beside the runbook's own word for it. */
  function classify(expiries: string, now: Date, windowMs: number, values: readonly unknown[]) {
    return readSnapshot(poller.database, ({ query }) =>
      query<{ ms: number | null; word: string }>(
        `SELECT ${epochMs('expires_at')} AS ms,
                CASE
                  WHEN expires_at < $1::timestamptz THEN 'EXPIRED'
                  WHEN expires_at < $1::timestamptz + $2 * interval '1 millisecond' THEN 'EXPIRING SOON'
                  ELSE 'VALID'
                END AS word
         FROM (${expiries}) AS tokens`,
        [now.toISOString(), windowMs, ...values],
      ),
    );
  }

  it('classify alike at every boundary', async () => {
    const cases = windows.chain((windowMs) =>
      fc.record({
        windowMs: fc.constant(windowMs),
        now: nows,
        offsets: fc.array(nearBoundary(windowMs), { minLength: 1, maxLength: 200 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ({ windowMs, now, offsets }) => {
        const rows = await classify(
          `SELECT $1::timestamptz + us * interval '1 microsecond' AS expires_at
           FROM unnest($3::bigint[]) AS us`,
          now,
          windowMs,
          [offsets],
        );
        expect(rows.map(({ ms }) => tokenStatusWords[tokenStatus(ms, now, windowMs)])).toEqual(
          rows.map(({ word }) => word),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('differ only where no expiry is recorded', async () => {
    const now = new Date('2025-11-29T12:00:00Z');
    const rows = await classify(
      `SELECT unnest(ARRAY[NULL, 'infinity', '-infinity', '294276-12-31', '4713-01-01 BC']::timestamptz[])
         AS expires_at`,
      now,
      7 * 24 * hourMs,
      [],
    );
    expect(rows.map(({ ms }) => tokenStatus(ms, now, 7 * 24 * hourMs))).toEqual([
      'unknown',
      'valid',
      'expired',
      'valid',
      'expired',
    ]);
    expect(rows.map(({ word }) => word)).toEqual(['VALID', 'VALID', 'EXPIRED', 'VALID', 'EXPIRED']);
  });

  it('agree on an expiry that an application stored as epoch milliseconds or seconds', async () => {
    const instant = instantSql('stored', {
      type: 'bigint',
      defaultSql: null,
      selectable: true,
      notNull: false,
    });
    await fc.assert(
      fc.asyncProperty(nows, fc.constantFrom(1, 1_000), async (at, unitMs) => {
        const stored = Math.floor(at.getTime() / unitMs);
        const [row] = await readSnapshot(poller.database, ({ query }) =>
          query<{ ms: number }>(
            `SELECT ${epochMs(instant!)} AS ms FROM (SELECT $1::bigint AS stored) AS tokens`,
            [stored],
          ),
        );
        expect(row?.ms).toBe(stored * unitMs);
      }),
      { numRuns: 50 },
    );
  });
});
