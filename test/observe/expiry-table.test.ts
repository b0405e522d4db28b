import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createExpiryTable } from '../../src/observe/carried/expiry-table.js';
import type { CarriedExpiry, ExpiryTable } from '../../src/observe/carried/expiry-table.js';
import { createExpiryTally } from '../../src/observe/carried/expiry-tally.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const everything = { startsMs: [-Infinity], endMs: Infinity };

async function expiriesOf(table: ExpiryTable): Promise<string[]> {
  const seen: string[] = [];
  await table.visit(
    (active, expiresAtMs) => void seen.push(`${String(active)} ${String(expiresAtMs)}`),
  );
  return seen.sort();
}
const shown = (rows: Iterable<CarriedExpiry>) =>
  Array.from(
    rows,
    ({ active, expiresAtMs }) => `${String(active)} ${String(expiresAtMs ?? Number.NaN)}`,
  ).sort();
const rowsOf = (from: number, to: number): CarriedExpiry[] =>
  Array.from({ length: to - from }, (_, index) => ({
    id: `t${String(from + index)}`,
    active: index % 3 > 0,
    expiresAtMs: from + index,
  }));

describe('expiries that are carried', () => {
  type Step =
    | { readonly do: 'put'; readonly rows: readonly CarriedExpiry[] }
    | { readonly do: 'mark' | 'drop'; readonly from: number; readonly to: number };
  const bounds = { from: fc.integer({ min: 0, max: 20 }), to: fc.integer({ min: 21, max: 40 }) };
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      do: fc.constant('put' as const),
      rows: fc.array(
        fc.record({
          id: fc.integer({ min: 0, max: 30 }).map(String),
          active: fc.boolean(),
          expiresAtMs: fc.option(fc.integer({ min: 0, max: 40 })),
        }),
        { maxLength: 10 },
      ),
    }),
    fc.record({ do: fc.constantFrom('mark' as const, 'drop' as const), ...bounds }),
  );

  it('are what was put last of each id, but for what was missing when it was summed up again', async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const table = createExpiryTable();
      const rows = new Map<string, CarriedExpiry & { missing: boolean }>();
      for (const each of steps) {
        if (each.do === 'put') {
          await table.put(each.rows);
          for (const row of each.rows) rows.set(row.id, { ...row, missing: false });
          continue;
        }
        const within = [...rows.values()].filter(
          ({ expiresAtMs }) =>
            expiresAtMs !== null && expiresAtMs >= each.from && expiresAtMs < each.to,
        );
        const ranges = { startsMs: [each.from], endMs: each.to };
        if (each.do === 'mark') {
          await table.markMissing(ranges, new Set([0]));
          for (const row of within) row.missing = true;
        } else {
          const [sum] = await table.sumUp(ranges);
          for (const { id, missing } of within) if (missing) rows.delete(id);
          expect(sum?.total).toBe(within.filter(({ missing }) => !missing).length);
        }
      }
      expect(await expiriesOf(table)).toEqual(shown(rows.values()));
    });
    await fc.assert(property);
  });

  it('are kept while their arrays grow, and where others were dropped before', async () => {
    const table = createExpiryTable();
    await table.put(rowsOf(0, 2_600));
    await table.markMissing({ startsMs: [0], endMs: 2_000 }, new Set([0]));
    await table.sumUp(everything);
    expect(await expiriesOf(table)).toEqual(shown(rowsOf(0, 2_600).slice(2_000)));
    for (let from = 10_000; from < 200_000; from += 19_000) {
      await table.put(rowsOf(from, from + 19_000));
    }
    const all = [...rowsOf(0, 2_600).slice(2_000)];
    for (let from = 10_000; from < 200_000; from += 19_000)
      all.push(...rowsOf(from, from + 19_000));
    expect(await expiriesOf(table)).toEqual(shown(all));
  });

  it('take no more room when as many go as come', async () => {
    const table = createExpiryTable();
    for (let from = 0; from < 100_000; from += 1_000) {
      await table.put(rowsOf(from, from + 1_000));
      await table.markMissing(everything, new Set([0]));
      await table.put(rowsOf(from + 500, from + 1_000));
      await table.sumUp(everything);
    }
    // One of each slot: arrays of 4,096 are drawn in full, and no more than those.
    expect(table.sample().each).toBe(1);
    expect(await expiriesOf(table)).toHaveLength(500);
  });

  it('are drawn evenly: a sample of a part of them tells how many lie below', async () => {
    const table = createExpiryTable();
    await table.put(rowsOf(0, 200_000));
    const { expiriesMs, each, withoutExpiry } = table.sample();
    expect(each).toBe(16);
    expect(withoutExpiry).toBe(0);
    const below = expiriesMs.filter((ms) => ms < 50_000).length * each;
    expect(below).toBeGreaterThan(40_000);
    expect(below).toBeLessThan(60_000);
    expect(expiriesMs).toEqual(Float64Array.from(expiriesMs).sort());
  });
});

describe('a tally of expiries', () => {
  const nowMs = Date.parse('2026-01-15T09:27:31.123Z');
  const soonMs = 7 * dayMs;
  /** Near to every boundary, to the hours and days around, and far away. */
  const expiry = fc.oneof(
    fc
      .record({
        base: fc.constantFrom(
          0,
          hourMs,
          dayMs,
          soonMs,
          30 * dayMs,
          90 * dayMs,
          91 * dayMs,
          400 * dayMs,
        ),
        by: fc.integer({ min: -2, max: 2 }),
      })
      .map(({ base, by }) => nowMs + base + by),
    fc
      .record({
        hour: fc.integer({ min: -50, max: 2_400 }),
        by: fc.integer({ min: -1, max: 1 }),
      })
      .map(({ hour, by }) => Math.floor(nowMs / hourMs) * hourMs + hour * hourMs + by),
    fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, 8.64e15),
  );

  it('counts each as one comparison with every boundary does', () => {
    const property = fc.property(
      fc.array(fc.record({ active: fc.boolean(), expiry }), { maxLength: 50 }),
      fc.constantFrom(soonMs, 0, hourMs / 3, 100 * 365 * dayMs),
      (tokens, expiringSoonMs) => {
        const tally = createExpiryTally(new Date(nowMs), expiringSoonMs);
        for (const { active, expiry: expiresAtMs } of tokens) tally.add(active, expiresAtMs);
        const counts = tally.counts();
        for (const active of [true, false]) {
          const of = tokens.filter((token) => token.active === active);
          const before = (ms: number) => of.filter((token) => token.expiry < nowMs + ms).length;
          expect(counts[active ? 'active' : 'inactive']).toEqual({
            total: of.length,
            withoutExpiry: of.filter((token) => Number.isNaN(token.expiry)).length,
            beforeNow: before(0),
            beforeSoon: before(expiringSoonMs),
            beforeWindow: {
              '1h': before(hourMs),
              '24h': before(dayMs),
              '7d': before(7 * dayMs),
              '30d': before(30 * dayMs),
              '90d': before(90 * dayMs),
            },
          });
        }
        const today = Math.floor(nowMs / dayMs);
        const ofDay = (day: number, active: boolean) =>
          tokens.filter(
            (token) =>
              token.active === active &&
              token.expiry >= nowMs &&
              Math.floor(token.expiry / dayMs) === day,
          ).length;
        const days = Array.from({ length: 90 }, (_, index) => today + index)
          .flatMap((day) =>
            [false, true].map((active) => ({ day, active, tokens: ofDay(day, active) })),
          )
          .filter((day) => day.tokens > 0);
        expect(tally.days()).toEqual(days);
      },
    );
    fc.assert(property);
  });
});
