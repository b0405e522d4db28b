import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSnapshot } from '../../src/database/read-snapshot.js';
import type { Query } from '../../src/database/read-snapshot.js';
import { readCatalog } from '../../src/observe/catalog.js';
import { boundariesAt, countsOfRanges, readExpiryCounts } from '../../src/observe/expiry-counts.js';
import { resolveTokenSource, tablesOf } from '../../src/observe/token-source.js';
import type { TokenSource } from '../../src/observe/token-source.js';
import { expiringWithin } from '../../src/observe/windows.js';
import { describeOnEachServer, type TestDatabase } from '../support/postgres.js';
import type { Poller } from './poller.js';
import { openTimelessTokens, type TimelessTokens } from './timeless-tokens.js';

const weekMs = 7 * 86_400_000;
const now = new Date('2026-01-01T00:00:00.000Z');

/** Where every boundary is met to the microsecond, and everything that is no plain instant. */
const atBoundaries = `
SELECT CASE WHEN n % 7 = 0 THEN '$now'::timestamptz + ms * interval '1 millisecond'
            ELSE '$now'::timestamptz + ms * interval '1 millisecond' + (n - 3) * interval '1 microsecond'
       END AS expires_at, n
FROM unnest('{$offsets}'::bigint[]) AS ms, generate_series(1, 7) AS n
UNION ALL SELECT unnest('{infinity,-infinity,NULL,1970-01-01,9999-12-31}'::timestamptz[]), 1`
  .replaceAll('$now', now.toISOString())
  .replaceAll('$offsets', [0, weekMs, ...Object.values(expiringWithin)].join());

describeOnEachServer('expiries that an index counts', (server) => {
  let opened: TimelessTokens;
  let database: TestDatabase;
  let poller: Poller;
  beforeEach(async () => {
    opened = await openTimelessTokens(server);
    ({ database, poller } = opened);
  });
  afterEach(() => opened.close());

  const resolve = () =>
    readSnapshot(poller.database, async ({ query }): Promise<TokenSource> => {
      const { tokens } = poller.config.providers[0]!;
      const source = resolveTokenSource(
        tokens,
        await readCatalog(query, 'postgres', tablesOf(tokens)),
      );
      if (!source.known) throw new Error(source.reason);
      return source.value;
    });
  const vacuum = () => database.query('VACUUM ANALYZE fathom_integrations');
  const index = (columns: string) =>
    database.query(`CREATE INDEX ON fathom_integrations ${columns}`);
  const fill = () =>
    database.query(
      `INSERT INTO fathom_integrations (user_id, access_token, token_expires_at, is_active)
       SELECT gen_random_uuid(), 'a', expires_at, CASE n % 3 WHEN 0 THEN false WHEN 1 THEN true END
       FROM (${atBoundaries}) AS expiries`,
    );
  const count = (source: TokenSource) =>
    readSnapshot(poller.database, ({ query }) => readExpiryCounts(query, source, now, weekMs));

  it('are those of one scan, at every boundary and for what is no plain instant', async () => {
    await fill();
    await index('(token_expires_at) INCLUDE (is_active)');
    await vacuum();
    const source = await resolve();
    expect(source.countsByIndex).toBe(true);
    const byIndex = await count(source);
    expect(byIndex).toEqual(await count({ ...source, countsByIndex: false }));
    expect(byIndex.active.total + byIndex.inactive.total).toBe(7 * 7 + 5);
    expect(byIndex.active.withoutExpiry + byIndex.inactive.withoutExpiry).toBe(1);
    expect(byIndex.earliestExpiresAtMs).toBe(0);
  });

  it('are counted in one scan by workers who share it, where no index counts', async () => {
    await database.query(
      `INSERT INTO fathom_integrations (user_id, access_token, token_expires_at)
       SELECT gen_random_uuid(), 'a', now() + n * interval '1 minute' FROM generate_series(1, 5000) n`,
    );
    await vacuum();
    const source = await resolve();
    const plans: string[] = [];
    await readSnapshot(poller.database, async ({ query }) => {
      await query('SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL parallel_setup_cost = 0');
      const explain: Query = async (text, values) => {
        plans.push(JSON.stringify(await query(`EXPLAIN ${text}`, values)));
        return [];
      };
      await readExpiryCounts(explain, source, now, weekMs);
    });
    expect(plans).toEqual([expect.stringMatching(/Gather.*Partial HashAggregate/)]);
  });

  it('are counted by the index without compiling its many expressions', async () => {
    await index('(token_expires_at) INCLUDE (is_active)');
    const source = { ...(await resolve()), countsByIndex: true };
    const jit: unknown[] = [];
    await readSnapshot(poller.database, async ({ query }) => {
      await query('SET LOCAL jit = on');
      const spy: Query = async (text, values) => {
        if (text.startsWith('SELECT')) jit.push(await query('SHOW jit'));
        return query(text, values);
      };
      await readExpiryCounts(spy, source, now, weekMs);
      jit.push(await query('SHOW jit'));
    });
    expect(jit).toEqual([[{ jit: 'off' }], [{ jit: 'on' }]]);
  });

  it('are none where there is no row', async () => {
    await index('(token_expires_at) INCLUDE (is_active)');
    const source = await resolve();
    const empty = await count({ ...source, countsByIndex: true });
    expect(empty).toEqual(await count({ ...source, countsByIndex: false }));
    expect(empty.earliestExpiresAtMs).toBeNull();
  });

  it('are not asked of an index that does not hold the active flag, or not every row', async () => {
    await fill();
    await index('(token_expires_at)');
    await index('(token_expires_at) INCLUDE (is_active) WHERE is_active');
    await index('(is_active, token_expires_at)');
    await vacuum();
    expect((await resolve()).countsByIndex).toBe(false);
    await index('(token_expires_at, is_active)');
    expect((await resolve()).countsByIndex).toBe(true);
  });

  it('are not asked of it before a vacuum, when it would have to look into the table', async () => {
    await fill();
    await index('(token_expires_at) INCLUDE (is_active)');
    expect((await resolve()).countsByIndex).toBe(false);
    await vacuum();
    expect((await resolve()).countsByIndex).toBe(true);
  });

  it('are not asked of it where a function converts the column', async () => {
    await database.query('ALTER TABLE fathom_integrations ALTER token_expires_at TYPE timestamp');
    await fill();
    await index('(token_expires_at) INCLUDE (is_active)');
    await vacuum();
    expect((await resolve()).countsByIndex).toBe(false);
  });
});

describe('counts of ranges', () => {
  const someInstant = fc.oneof(
    fc.constantFrom(...boundariesAt(now, weekMs), Infinity, -Infinity),
    fc.integer({ min: -100, max: 100 }).map((days) => now.getTime() + days * 86_400_000 - 1),
  );

  it('say how many lie before each boundary, whatever further ones they are cut by', () => {
    const cut = fc.array(fc.integer({ min: -1_000, max: 1_000 }).map((hours) => hours * 1_800_000));
    const soon = fc.integer({ min: 1, max: 1_000 }).map((hours) => hours * 3_600_000);
    fc.assert(
      fc.property(
        fc.array(someInstant),
        cut,
        soon,
        fc.nat(5),
        (expiries, further, soonMs, none) => {
          const boundaries = boundariesAt(now, soonMs, further);
          const perRange = Array.from({ length: boundaries.length + 1 }, () => 0);
          for (const each of expiries) {
            const range = boundaries.findIndex((boundary) => each < boundary);
            perRange[range === -1 ? boundaries.length : range]! += 1;
          }
          const before = (ms: number) =>
            expiries.filter((each) => each < now.getTime() + ms).length;
          const counts = countsOfRanges({ perRange, withoutExpiry: none }, boundaries, now, soonMs);
          expect(counts).toEqual({
            total: expiries.length + none,
            withoutExpiry: none,
            beforeNow: before(0),
            beforeSoon: before(soonMs),
            beforeWindow: Object.fromEntries(
              Object.entries(expiringWithin).map(([label, ms]) => [label, before(ms)]),
            ),
          });
        },
      ),
    );
  });
});
