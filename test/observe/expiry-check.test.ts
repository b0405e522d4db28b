import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readSnapshot } from '../../src/database/read-snapshot.js';
import type { Query } from '../../src/database/read-snapshot.js';
import { createExpiryCheck } from '../../src/observe/carried/expiry-check.js';
import type { CarrySource } from '../../src/observe/carried/carry-source.js';
import { expiryColumns } from '../../src/observe/carried/carry-table.js';
import { createExpiryTable } from '../../src/observe/carried/expiry-table.js';
import type { CarriedExpiry, ExpiryTable } from '../../src/observe/carried/expiry-table.js';
import { readRangeSums } from '../../src/observe/carried/read-range-sums.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { createPoller, type Poller } from './poller.js';

const rows = 40;
const perSlice = 10;
const pollsPerRound = rows / perSlice;
/** Of a round with a few rows more. */
const pollsOfMore = pollsPerRound + 1;
const pace = {
  firstRows: perSlice,
  rangeRows: 2,
  mostRead: 1_000,
  mostAlike: 1_000,
  next: () => perSlice,
};
const byExpiry = {
  id: 'id',
  from: 'tokens AS t',
  expiresAt: 'expires_at',
  active: 'coalesce(active, true)',
};
const select = `SELECT ${expiryColumns(byExpiry)} FROM tokens AS t`;
/** A check by expiry does not go by what it says of ids. */
const carry: CarrySource = { id: 'id', idType: 'text', updatedAt: '', movesByTrigger: false };

let database: TestDatabase;
let poller: Poller;
let statements: string[];
beforeAll(async () => {
  database = await createDatabase(testServer17);
  await database.query(
    `CREATE TABLE tokens (id text PRIMARY KEY, expires_at timestamptz, active boolean);
     CREATE INDEX ON tokens (expires_at) INCLUDE (active)`,
  );
  poller = createPoller(database.url);
});
beforeEach(async () => {
  statements = [];
  await database.query('TRUNCATE tokens');
});
afterAll(async () => {
  await poller.close();
  await database.drop();
});

const fill = () =>
  database.query(
    `INSERT INTO tokens SELECT 't' || n, timestamptz '2026-01-01' + n * interval '1 day', n % 3 > 0
     FROM generate_series(1, ${String(rows)}) AS n`,
  );
const inSnapshot = <T>(read: (query: Query) => Promise<T>) =>
  readSnapshot(poller.database, ({ query }) =>
    read((text, values) => {
      statements.push(text);
      return query(text, values);
    }),
  );
async function carried(): Promise<ExpiryTable> {
  const table = createExpiryTable();
  await table.put(
    await inSnapshot((query) => query<CarriedExpiry & Record<string, unknown>>(select)),
  );
  statements = [];
  return table;
}
async function total(table: ExpiryTable): Promise<number> {
  let tokens = 0;
  await table.visit(() => (tokens += 1));
  return tokens;
}
const rowReads = () => statements.filter((text) => text.startsWith('FETCH')).length;
const pollWith = (limits: Partial<typeof pace> = {}) => {
  const check = createExpiryCheck({ ...pace, ...limits });
  return (table: ExpiryTable) =>
    inSnapshot((query) => check(query, { select, carry, byExpiry }, table));
};

describe('a check by expiry', () => {
  it('reads no row of a table that is as it is carried', async () => {
    await fill();
    const table = await carried();
    const poll = pollWith();
    for (let polls = 0; polls < pollsPerRound; polls += 1) expect(await poll(table)).toBe(true);
    expect(statements.length).toBeGreaterThan(0);
    expect(rowReads()).toBe(0);
  });

  it('adds what was inserted within one round, and drops what was deleted within two', async () => {
    await fill();
    const table = await carried();
    const poll = pollWith();
    await database.query(
      `DELETE FROM tokens WHERE id IN ('t1', 't40');
       INSERT INTO tokens VALUES ('new', '2026-01-20', true), ('never', 'infinity', true), ('none', NULL, true)`,
    );
    for (let polls = 0; polls < pollsPerRound; polls += 1) await poll(table);
    expect(await total(table)).toBe(rows + 3);
    // Of three ranges with a change among finite ones, and the two ends.
    expect(rowReads()).toBe(5);
    for (let polls = 0; polls < pollsOfMore; polls += 1) await poll(table);
    expect(await total(table)).toBe(rows + 1);
  });

  it('keeps what moved to another expiry, whichever way, until it comes across it', async () => {
    await fill();
    const table = await carried();
    const poll = pollWith();
    await database.query(
      `UPDATE tokens SET expires_at = expires_at + interval '20 days' WHERE id IN ('t2', 't12');
       UPDATE tokens SET expires_at = expires_at - interval '20 days' WHERE id IN ('t31', 't39');
       UPDATE tokens SET expires_at = NULL WHERE id = 't20'`,
    );
    for (let polls = 0; polls < 2 * pollsPerRound; polls += 1) {
      await poll(table);
      expect(await total(table)).toBe(rows);
    }
    const known = await table.sumUp({ startsMs: [-Infinity], endMs: Infinity });
    const { sums } = await inSnapshot((query) =>
      readRangeSums(query, byExpiry, { startsMs: [-Infinity], endMs: Infinity }),
    );
    expect(known).toEqual(sums);
  });

  it('sees that two tokens swapped their flags: their number is the same', async () => {
    await fill();
    const table = await carried();
    await database.query(`UPDATE tokens SET active = NOT active WHERE id IN ('t3', 't4')`);
    await pollWith()(table);
    expect(rowReads()).toBe(1);
  });

  it('reads no more than it may at a time, and goes on from there', async () => {
    await fill();
    const table = await carried();
    const poll = pollWith({ mostRead: 2 });
    await database.query(`UPDATE tokens SET active = NOT coalesce(active, true)`);
    const firstSlice = { startsMs: [-Infinity], endMs: Date.parse('2026-01-12') };
    for (let polls = 0; polls < perSlice / 2; polls += 1) {
      statements = [];
      await poll(table);
      expect(rowReads()).toBe(1);
    }
    const { sums } = await inSnapshot((query) => readRangeSums(query, byExpiry, firstSlice));
    expect(await table.sumUp(firstSlice)).toEqual(sums);
  });

  it('reads what has no end with the last range, however little it may', async () => {
    await fill();
    const table = await carried();
    await database.query(
      `UPDATE tokens SET active = NOT active WHERE id = 't40';
       INSERT INTO tokens VALUES ('never', 'infinity', true), ('none', NULL, true)`,
    );
    const poll = pollWith({ mostRead: 1 });
    for (let polls = 0; polls < pollsPerRound; polls += 1) await poll(table);
    expect(await total(table)).toBe(rows + 2);
  });

  it('is none where too many expire at the same instant, be it that many came there', async () => {
    await fill();
    const table = await carried();
    await database.query(
      `INSERT INTO tokens SELECT 's' || n, '2026-01-02', true FROM generate_series(1, 60) AS n`,
    );
    const poll = pollWith({ mostAlike: 50 });
    expect(await poll(table)).toBe(false);
    expect(rowReads()).toBe(0);
    await pollWith()(table);
    expect(await total(table)).toBe(rows + 60);
    expect(await poll(table)).toBe(false);
  });

  it('is none without an index on the expiry', async () => {
    const check = createExpiryCheck(pace);
    const table = createExpiryTable();
    expect(
      await inSnapshot((query) => check(query, { select, carry, byExpiry: null }, table)),
    ).toBe(false);
  });

  it('compares less after it failed, and misses nothing then', async () => {
    await fill();
    const table = await carried();
    const slices: unknown[] = [];
    const check = createExpiryCheck({
      ...pace,
      next: (_, tookMs) => (tookMs === Infinity ? perSlice / 2 : perSlice),
    });
    const poll = (isTooSlow: boolean) =>
      readSnapshot(poller.database, ({ query }) =>
        check(
          (text, values) => {
            if (values?.length !== 2) return query(text, values);
            slices.push(values[0]);
            return isTooSlow ? query('SELECT 1 / 0') : query(text, values);
          },
          { select, carry, byExpiry },
          table,
        ),
      );
    await expect(poll(true)).rejects.toThrow();
    await poll(false);
    await poll(false);
    expect(slices.map((each) => (each as string[]).length)).toEqual([5, 3, 5]);
    expect((slices[1] as string[])[0]).toBe('-infinity');
    expect(await total(table)).toBe(rows);
  });

  it('goes by the index, whatever the planner thinks of the table, and leaves its settings be', async () => {
    await fill();
    const table = await carried();
    const setting = await inSnapshot(async (query) => {
      await createExpiryCheck(pace)(query, { select, carry, byExpiry }, table);
      return query('SHOW enable_seqscan');
    });
    expect(setting).toEqual([{ enable_seqscan: 'on' }]);
    expect(statements.join(' ')).toContain('SET LOCAL enable_seqscan = off');
  });
});

describe('the sums of a range', () => {
  const instant = fc.oneof(
    fc.integer({ min: Date.parse('1960-01-01'), max: Date.parse('2240-01-01') }).map((ms) => ({
      ms,
      micros: 0,
    })),
    fc.record({
      ms: fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2030-01-01') }),
      micros: fc.integer({ min: 0, max: 999 }),
    }),
  );
  const token = fc.record({
    expiry: fc.oneof(
      { weight: 6, arbitrary: instant },
      { weight: 1, arbitrary: fc.constantFrom('infinity', '-infinity', null) },
    ),
    active: fc.constantFrom(true, false, null),
  });

  it('are the same here and in the database, to the bit', async () => {
    const property = fc.asyncProperty(
      fc.array(token, { maxLength: 40 }),
      fc.array(fc.integer({ min: Date.parse('1960-01-01'), max: Date.parse('2240-01-01') }), {
        maxLength: 6,
      }),
      async (tokens, cuts) => {
        await database.query('TRUNCATE tokens');
        for (const [index, { expiry, active }] of tokens.entries()) {
          await database.query(
            `INSERT INTO tokens VALUES ($1, $2::timestamptz + $3::int * interval '1 microsecond', $4)`,
            [
              String(index),
              expiry === null || typeof expiry === 'string'
                ? expiry
                : new Date(expiry.ms).toISOString(),
              expiry === null || typeof expiry === 'string' ? 0 : expiry.micros,
              active,
            ],
          );
        }
        const startsMs = [-Infinity, ...new Set(cuts)].sort((a, b) => a - b);
        const table = await carried();
        for (const endMs of [Infinity, Date.parse('2240-01-02')]) {
          const ranges = { startsMs, endMs };
          const { sums, tookMs } = await inSnapshot((query) =>
            readRangeSums(query, byExpiry, ranges),
          );
          expect(await table.sumUp(ranges)).toEqual(sums);
          expect(tookMs).toBeGreaterThan(0);
        }
      },
    );
    await fc.assert(property, { numRuns: 20 });
  });
});
