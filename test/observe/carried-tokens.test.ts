import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readSnapshot } from '../../src/database/read-snapshot.js';
import type { Query } from '../../src/database/read-snapshot.js';
import { readCatalog } from '../../src/observe/catalog.js';
import { resolveCarrySource } from '../../src/observe/carried/carry-source.js';
import type { CarrySource } from '../../src/observe/carried/carry-source.js';
import type { CheckPace } from '../../src/observe/carried/check-pace.js';
import { createTokenCarriers } from '../../src/observe/carried/token-carriers.js';
import type { TokenCarriers } from '../../src/observe/carried/token-carriers.js';
import { readExpiryCounts } from '../../src/observe/expiry-counts.js';
import { readExpiryDays } from '../../src/observe/expiry-days.js';
import { readTokenRows } from '../../src/observe/token-rows.js';
import { resolveTokenSource, tablesOf } from '../../src/observe/token-source.js';
import type { TokenSource } from '../../src/observe/token-source.js';
import { startEmbeddedPostgres } from '../../src/demo/embedded-postgres.js';
import type { EmbeddedServer } from '../../src/demo/embedded-postgres.js';
import { createDatabase, type TestDatabase } from '../support/postgres.js';
import { createPoller, type Poller } from './poller.js';
import { unhurried } from './unhurried.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const weekMs = 7 * 24 * hourMs;
const beginsAtMs = Date.parse('2026-01-01T00:00:00Z');

/** Without a trigger: the tests write `updated_at` by a clock of their own. */
const schema = `
CREATE TABLE tokens (
  id text PRIMARY KEY, owner text NOT NULL DEFAULT 'o', expires_at timestamptz,
  active boolean DEFAULT true, refresh_token text, updated_at timestamptz);
CREATE INDEX ON tokens (updated_at);
CREATE INDEX ON tokens (expires_at) INCLUDE (active)`;
const yaml = `
providers:
  app:
    table: public.tokens
    columns: {id: id, subject: owner, expires_at: expires_at, active: active,
              refresh_token: refresh_token, updated_at: updated_at}
`;

/** What is carried, and how it is checked: whole rows by id, counts by id too or by expiry. */
const ways = ['rows', 'by_id', 'by_expiry'] as const;
type Way = (typeof ways)[number];

/** Slices of so many rows, and whatever else decides how a check goes: always the same. */
function carriersOf(checked: number, { mostRead, mostAlike }: Limits = roomy): TokenCarriers {
  const pace = { firstRows: checked, rangeRows: 2, mostRead, mostAlike, next: () => checked };
  return createTokenCarriers(unhurried, { checked, first: 2 * checked }, pace);
}
type Limits = Pick<CheckPace, 'mostRead' | 'mostAlike'>;
const roomy: Limits = { mostRead: 1_000, mostAlike: 1_000 };

interface Write {
  readonly id: number;
  /** Minutes from the begin; null: none recorded. */
  readonly expiry: number | 'infinity' | '-infinity' | null;
  readonly active: boolean | null;
}

type Step =
  | { readonly do: 'write' | 'write_silently'; readonly row: Write }
  | { readonly do: 'delete'; readonly id: number }
  /** In a transaction that stays open until `commit`. */
  | { readonly do: 'write_late'; readonly row: Write; readonly waitedMs: number }
  | { readonly do: 'commit' }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'poll' };

const write = fc.record({
  id: fc.integer({ min: 0, max: 40 }),
  expiry: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -2_000, max: 20_000 }) },
    { weight: 1, arbitrary: fc.constantFrom('infinity' as const, '-infinity' as const, null) },
  ),
  active: fc.constantFrom(true, false, null),
});
const step = (name: 'write' | 'write_silently') => fc.record({ do: fc.constant(name), row: write });
const poll = fc.constant({ do: 'poll' as const });
/** What moves `updated_at`, however late it is committed. */
const honest: fc.Arbitrary<Step> = fc.oneof(
  step('write'),
  step('write'),
  fc.record({
    do: fc.constant('write_late' as const),
    row: write,
    waitedMs: fc.integer({ min: 0, max: minuteMs }),
  }),
  fc.constant({ do: 'commit' as const }),
  fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 48 * hourMs }) }),
  poll,
  poll,
);
const anything: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: honest },
  { weight: 1, arbitrary: step('write_silently') },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('delete' as const),
      id: fc.integer({ min: 0, max: 40 }),
    }),
  },
);

describe.each([
  ['17', 'embedded-postgres'],
  ['15', 'embedded-postgres-15'],
])('tokens that are carried from poll to poll, on PostgreSQL %s', (_, packageName) => {
  // Transactions of other tests on the same server would put off what is carried.
  let server: EmbeddedServer;
  let database: TestDatabase;
  let poller: Poller;
  let late: pg.Client;
  let source: TokenSource;
  let carry: CarrySource;
  let nowMs: number;
  let isOpen: boolean;
  /** By its begin a transaction stamps what it writes. */
  let startedAtMs: number;
  beforeAll(async () => {
    server = await startEmbeddedPostgres({ packageName });
    database = await createDatabase({ name: 'of its own', url: (name) => server.url(name) });
    await database.query(schema);
    poller = createPoller(database.url, { yaml });
    late = new pg.Client({ connectionString: database.url });
    late.on('error', () => undefined);
    await late.connect();
    const { tokens } = poller.config.providers[0]!;
    await readSnapshot(poller.database, async ({ query }) => {
      const catalog = await readCatalog(query, 'postgres', tablesOf(tokens));
      const resolved = resolveTokenSource(tokens, catalog);
      const carried = resolveCarrySource(tokens, catalog, -1);
      if (!resolved.known || 'because' in carried) throw new Error(JSON.stringify(carried));
      [source, carry] = [resolved.value, carried];
    });
  });
  beforeEach(() => empty());
  afterAll(async () => {
    await late.end();
    await poller.close();
    await database.drop();
    await server.stop();
  });

  async function empty(): Promise<void> {
    await late.query('ROLLBACK');
    await database.query('TRUNCATE tokens');
    [nowMs, isOpen] = [beginsAtMs, false];
  }

  const upsert = (
    client: { query(sql: string, values: unknown[]): Promise<unknown> },
    { id, expiry, active }: Write,
    updatedAtMs: number | null,
  ) =>
    client.query(
      `INSERT INTO tokens (id, expires_at, active, updated_at)
       VALUES ('t' || $1, coalesce($3::timestamptz, $2::timestamptz), $4,
               coalesce($5::timestamptz, (SELECT updated_at FROM tokens WHERE id = 't' || $1)))
       ON CONFLICT (id) DO UPDATE SET expires_at = EXCLUDED.expires_at, active = EXCLUDED.active,
                                      updated_at = EXCLUDED.updated_at`,
      [
        id,
        typeof expiry === 'number' ? new Date(beginsAtMs + expiry * minuteMs).toISOString() : null,
        typeof expiry === 'string' ? expiry : null,
        active,
        updatedAtMs === null ? null : new Date(updatedAtMs).toISOString(),
      ],
    );

  /** What is carried, beside what a count of all rows says in the same snapshot. */
  const compare = (carriers: TokenCarriers, way: Way) =>
    readSnapshot(poller.database, async ({ query }) => {
      const now = new Date(nowMs);
      const everyRow = way === 'rows';
      const options = { now, expiringSoonMs: weekMs, everyRow };
      const read = { ...source, orderedByExpiry: way === 'by_expiry' };
      const carried = await carriers.read(query, 'app', read, carry, options);
      const counts = await readExpiryCounts(query, source, now, weekMs);
      const expiryDays = await readExpiryDays(query, source, now);
      const rows = everyRow ? await readTokenRows(query, source) : null;
      return { carried: carried && sorted(carried), full: sorted({ counts, expiryDays, rows }) };
    });
  const sorted = <Rows extends { rows: readonly { id: string }[] | null }>(tokens: Rows) => ({
    ...tokens,
    rows: tokens.rows && [...tokens.rows].sort((a, b) => (a.id < b.id ? -1 : 1)),
  });

  async function take(what: Step, onPoll: () => Promise<void>): Promise<void> {
    switch (what.do) {
      case 'write':
        // A row that an open transaction holds would be waited for.
        if (!isOpen) await upsert(database, what.row, nowMs);
        return;
      case 'write_silently':
        if (!isOpen) await upsert(database, what.row, null);
        return;
      case 'delete':
        if (!isOpen) await database.query(`DELETE FROM tokens WHERE id = 't' || $1`, [what.id]);
        return;
      case 'write_late': {
        if (!isOpen) {
          await late.query('BEGIN');
          startedAtMs = nowMs;
        }
        isOpen = true;
        nowMs += what.waitedMs;
        await upsert(late, what.row, startedAtMs);
        return;
      }
      case 'commit':
        await late.query('COMMIT');
        isOpen = false;
        return;
      case 'advance':
        nowMs += what.ms;
        return;
      case 'poll':
        await onPoll();
    }
  }

  const slices = fc.integer({ min: 5, max: 30 });
  const way = fc.constantFrom(...ways);
  const runs = { numRuns: 10 };

  it('are those of a full count at every poll, whatever is written, however late it commits', async () => {
    let compared = 0;
    const property = fc.asyncProperty(
      fc.array(honest, { minLength: 10, maxLength: 40 }),
      slices,
      way,
      async (steps, checked, carriedBy) => {
        await empty();
        const carriers = carriersOf(checked);
        for (const each of steps) {
          await take(each, async () => {
            const { carried, full } = await compare(carriers, carriedBy);
            if (carried === null) return;
            compared += 1;
            expect(carried).toEqual(full);
          });
        }
      },
    );
    await fc.assert(property, runs);
    expect(compared).toBeGreaterThan(10);
  });

  it('are those of a full count two rounds after deletes and writes that left updated_at', async () => {
    const property = fc.asyncProperty(
      fc.array(anything, { minLength: 10, maxLength: 40 }),
      slices,
      way,
      async (steps, checked, carriedBy) => {
        await empty();
        const carriers = carriersOf(checked);
        const pollOnce = async () => {
          await compare(carriers, carriedBy);
        };
        for (const each of steps) await take(each, pollOnce);
        await take({ do: 'commit' }, pollOnce);
        // One more than rounds of 41 rows need: a last slice that is full does not end a round.
        const polls = 2 * (Math.floor(41 / checked) + 1) + 2;
        for (let each = 0; each < polls; each += 1) await pollOnce();
        const { carried, full } = await compare(carriers, carriedBy);
        expect(carried).toEqual(full);
      },
    );
    await fc.assert(property, runs);
  });

  it('are those of a full count in the end, however little a check may read, and where it can tell little apart', async () => {
    const property = fc.asyncProperty(
      fc.array(anything, { minLength: 10, maxLength: 40 }),
      slices,
      fc.record({ mostRead: fc.constantFrom(1, 5), mostAlike: fc.constantFrom(2, 6, 1_000) }),
      async (steps, checked, limits) => {
        await empty();
        const carriers = carriersOf(checked, limits);
        const pollOnce = async () => {
          await compare(carriers, 'by_expiry');
        };
        for (const each of steps) await take(each, pollOnce);
        await take({ do: 'commit' }, pollOnce);
        // Each poll comes at least one range further, or a slice by id.
        for (let each = 0; each < 2 * 41; each += 1) await pollOnce();
        const { carried, full } = await compare(carriers, 'by_expiry');
        expect(carried).toEqual(full);
      },
    );
    await fc.assert(property, { numRuns: 5 });
  });

  it('hold what a transaction of an hour writes at its begin, and only once it commits', async () => {
    const carriers = createTokenCarriers(unhurried);
    await compare(carriers, 'rows');
    await take(
      { do: 'write_late', row: { id: 1, expiry: 5, active: true }, waitedMs: 0 },
      neverPolls,
    );
    for (let each = 0; each < 30; each += 1) {
      nowMs += 2 * minuteMs;
      await take(
        { do: 'write_late', row: { id: 2, expiry: each, active: true }, waitedMs: 0 },
        neverPolls,
      );
      expect((await compare(carriers, 'rows')).carried?.rows).toEqual([]);
    }
    await take({ do: 'commit' }, neverPolls);
    expect((await compare(carriers, 'rows')).carried?.rows?.map(({ id }) => id)).toEqual([
      't1',
      't2',
    ]);
  });

  it('are not begun while a transaction is open that began before the first poll', async () => {
    const carriers = createTokenCarriers(unhurried);
    await take(
      { do: 'write_late', row: { id: 1, expiry: 5, active: true }, waitedMs: 0 },
      neverPolls,
    );
    nowMs += hourMs;
    expect((await compare(carriers, 'by_expiry')).carried).toBeNull();
    await take({ do: 'commit' }, neverPolls);
    const { carried, full } = await compare(carriers, 'by_expiry');
    expect(carried).toEqual(full);
    expect(carried?.counts.active.total).toBe(1);
  });

  describe('when they are read for the first time', () => {
    beforeEach(() =>
      database.query(
        `INSERT INTO tokens (id, expires_at) SELECT md5(n::text), now() FROM generate_series(1, 5000) n;
         ANALYZE tokens`,
      ),
    );
    const pollsUntilCarried = async (firstReadMs: number) => {
      let elapsedMs = 0;
      const carriers = createTokenCarriers({ firstReadMs, monotonicMs: () => elapsedMs++ });
      for (let polls = 1; polls < 10; polls += 1) {
        const { carried, full } = await compare(carriers, 'by_expiry');
        if (carried === null) continue;
        expect(carried).toEqual(full);
        return polls;
      }
      return null;
    };

    it('are as many as the time of a poll allows, and the next one goes on', async () => {
      expect(await pollsUntilCarried(0)).toBe(3);
      expect(await pollsUntilCarried(2)).toBe(2);
      expect(await pollsUntilCarried(Infinity)).toBe(1);
    });

    it('come by the index on the id, and no row waits until all are sorted', async () => {
      const plans: string[] = [];
      await readSnapshot(poller.database, ({ query }) => {
        const explain: Query = async (text, values) => {
          const [, select] = /^DECLARE .* FOR (.*ORDER BY.*)/s.exec(text) ?? [];
          if (select !== undefined)
            plans.push(JSON.stringify(await query(`EXPLAIN ${select}`, values)));
          return query(text, values);
        };
        const options = { now: new Date(nowMs), expiringSoonMs: weekMs, everyRow: true };
        return createTokenCarriers(unhurried).read(explain, 'app', source, carry, options);
      });
      expect(plans).toEqual([expect.stringContaining('Index Scan using tokens_pkey')]);
    });
  });

  it('begin anew when the clock of the database goes back', async () => {
    const carriers = createTokenCarriers(unhurried);
    await compare(carriers, 'by_expiry');
    nowMs -= hourMs;
    await take({ do: 'write', row: { id: 1, expiry: 5, active: true } }, neverPolls);
    const { carried, full } = await compare(carriers, 'by_expiry');
    expect(carried).toEqual(full);
  });
});

const neverPolls = () => Promise.reject(new Error('no step is a poll'));
