import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEmbeddedPostgres } from '../../src/demo/embedded-postgres.js';
import type { EmbeddedServer } from '../../src/demo/embedded-postgres.js';
import type { Query } from '../../src/database/read-snapshot.js';
import type { Log } from '../../src/log.js';
import { createMemory } from '../../src/memory.js';
import type { Memory } from '../../src/memory.js';
import type { Observation } from '../../src/observe/observe.js';
import { known } from '../../src/observe/reading.js';
import { noSurroundings } from '../../src/observe/surroundings.js';
import { readTokenMemory } from '../../src/store/token-memory.js';
import type { TokenMemory } from '../../src/store/token-memory.js';
import { until } from '../support/until.js';

const run = promisify(execFile);
const beginsAtMs = Date.parse('2026-01-01T00:00:00Z');
const hourMs = 3_600_000;
const providers = ['app', 'other'] as const;
type Provider = (typeof providers)[number];

const noCounts = {
  total: 0,
  withoutExpiry: 0,
  beforeNow: 0,
  beforeSoon: 0,
  beforeWindow: { '1h': 0, '24h': 0, '7d': 0, '30d': 0, '90d': 0 },
};

/** A row of the application, as a poll sees it. */
interface Seen {
  readonly id: string;
  readonly active: boolean;
  readonly expiresAtMs: number | null;
}

/** Commits fail while a row says so, after all that they wrote could be read. */
const failingCommits = `
CREATE TABLE doom ();
CREATE FUNCTION fail_when_doomed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT FROM doom) THEN RAISE EXCEPTION 'doomed'; END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER doomed AFTER INSERT ON oauth_token_exporter.ledger
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_when_doomed()`;

/** Writes a row of the memory as a refresh, a command or a person might. */
const upsert = `
INSERT INTO oauth_token_exporter.tokens (provider, token_id, first_seen_at, active, failures)
VALUES ($1, $2, '2025-12-01', true, $3)
ON CONFLICT (provider, token_id) DO UPDATE SET failures = $3`;

const connections = 5;

/** One process with a memory, in a database where others write too. */
async function openWorld(url: string) {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  pool.on('error', () => undefined);
  const problems: string[] = [];
  const heard = () => undefined;
  const note = (problem: string) => {
    problems.push(problem);
  };
  const log: Log = { debug: heard, info: heard, warn: note, error: note };
  const start = (): Memory =>
    createMemory({
      pool,
      pollIntervalMs: 30_000,
      patienceMs: 20_000,
      providers: [],
      log,
      onEvents: heard,
    });
  const openLate = async () => {
    const client = await pool.connect();
    client.on('error', heard);
    return { client, ended: new Promise<void>((resolve) => client.once('end', resolve)) };
  };
  let late = await openLate();
  let memory = start();
  let polls = 0;

  const readAll = async (provider: Provider): Promise<ReadonlyMap<string, TokenMemory>> => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const query: Query = async <Row extends pg.QueryResultRow>(
        sql: string,
        values: readonly unknown[] = [],
      ) => (await client.query<Row>(sql, [...values])).rows;
      const tokens = await readTokenMemory(query, provider);
      await client.query('COMMIT');
      client.release();
      return tokens;
    } catch (error) {
      client.release(true);
      throw error;
    }
  };

  return {
    /** Where a transaction may stay open. */
    late: () => late.client,
    pool,
    problems,
    /** After a crash, once the server answers again. */
    async reconnect() {
      await late.ended;
      late.client.release(true);
      const everyConnection = Array.from({ length: connections });
      await until('the server answers again', () =>
        Promise.all(everyConnection.map(() => pool.query('SELECT'))),
      );
      late = await openLate();
    },
    restart() {
      memory = start();
    },
    readAll,
    write: (provider: Provider, id: string, failures: number) =>
      pool.query(upsert, [provider, id, failures]),
    /** One poll that sees `moved`, and of all other tokens what is remembered of them. */
    async poll(moved: Partial<Record<Provider, readonly Seen[]>> = {}) {
      polls += 1;
      const observations: Observation['providers'][number][] = [];
      for (const name of providers) {
        const remembered = await readAll(name).catch(() => new Map<string, TokenMemory>());
        const rows = new Map<string, Seen>();
        for (const { tokenId, active, expiresAtMs, goneAtMs } of remembered.values()) {
          if (goneAtMs === null) rows.set(tokenId, { id: tokenId, active, expiresAtMs });
        }
        for (const row of moved[name] ?? []) rows.set(row.id, row);
        const tokens = known({
          active: noCounts,
          inactive: noCounts,
          earliestExpiresAtMs: null,
          mostUrgent: [],
          rows: Array.from(rows.values(), (row) => ({
            ...row,
            subject: 'u',
            account: null,
            hasRefreshToken: true,
          })),
        });
        observations.push({ name, tokens, syncs: null, sources: [] });
      }
      const now = new Date(beginsAtMs + polls * 30_000);
      const remembered = await memory.remember([
        { now, clockSkewMs: 0, surroundings: noSurroundings, providers: observations },
      ]);
      return (provider: Provider) => remembered.providers.get(provider)?.tokens;
    },
    async close() {
      late.client.release(true);
      await pool.end();
    },
  };
}

type World = Awaited<ReturnType<typeof openWorld>>;

type Step =
  | { readonly do: 'write' | 'abort' | 'write_late'; readonly row: Written }
  | { readonly do: 'delete'; readonly row: Written }
  | { readonly do: 'savepoint' | 'rollback_to' | 'commit_late' | 'abort_late' }
  | { readonly do: 'poll'; readonly moved: readonly Moved[]; readonly fails: boolean };

interface Written {
  readonly provider: Provider;
  readonly id: string;
  readonly failures: number;
}

interface Moved {
  readonly provider: Provider;
  readonly seen: Seen;
}

const provider = fc.constantFrom(...providers);
const id = fc.integer({ min: 0, max: 12 }).map((n) => `t${String(n)}`);
const written = fc.record({ provider, id, failures: fc.integer({ min: 0, max: 1_000_000 }) });
const moved = fc.record({
  provider,
  seen: fc.record({
    id,
    active: fc.boolean(),
    expiresAtMs: fc.option(
      fc.integer({ min: -100, max: 100 }).map((hours) => beginsAtMs + hours * hourMs),
    ),
  }),
});
const poll = fc.record({
  do: fc.constant('poll' as const),
  moved: fc.array(moved, { maxLength: 3 }),
  fails: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
});
const writing = (name: 'write' | 'abort' | 'write_late' | 'delete') =>
  fc.record({ do: fc.constant(name), row: written });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: writing('write') },
  { weight: 1, arbitrary: writing('abort') },
  { weight: 3, arbitrary: writing('write_late') },
  { weight: 1, arbitrary: writing('delete') },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'savepoint' as const,
        'rollback_to' as const,
        'commit_late' as const,
        'abort_late' as const,
      ),
    }),
  },
  { weight: 6, arbitrary: poll },
);

describe.each([
  ['17', 'embedded-postgres'],
  ['15', 'embedded-postgres-15'],
])('what is remembered, carried from poll to poll, on PostgreSQL %s', (_, packageName) => {
  // Open transactions of other tests on the same server would have more read than was written.
  let server: EmbeddedServer;
  let world: World;
  let isOpen = false;
  let hasSavepoint = false;
  /** Moves that polls saw and could not record: the next sees them too. */
  let unrecorded: readonly Moved[] = [];
  /** What the open transaction holds: others would wait for it. */
  const held = new Set<string>();

  beforeAll(async () => {
    // A crash loses what was committed a moment before.
    const settings = { synchronous_commit: 'off', wal_writer_delay: '10s' };
    server = await startEmbeddedPostgres({ packageName, settings });
    world = await openWorld(server.url());
    await world.poll();
    await world.pool.query(failingCommits);
  });
  beforeEach(() => empty());
  afterAll(async () => {
    await world.close();
    await server.stop();
  });

  async function empty(): Promise<void> {
    await endLate('ROLLBACK');
    await world.pool.query('TRUNCATE oauth_token_exporter.tokens, doom');
    unrecorded = [];
    world.restart();
  }

  async function endLate(by: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    await world.late().query(by);
    [isOpen, hasSavepoint] = [false, false];
    held.clear();
  }

  const isHeld = (row: { provider: string; id: string }) => held.has(`${row.provider} ${row.id}`);

  async function take(what: Step): Promise<void> {
    switch (what.do) {
      case 'write':
        if (isHeld(what.row)) return;
        await world.write(what.row.provider, what.row.id, what.row.failures);
        return;
      case 'abort': {
        if (isHeld(what.row)) return;
        const client = await world.pool.connect();
        await client.query('BEGIN');
        await client.query(upsert, [what.row.provider, what.row.id, what.row.failures]);
        await client.query('ROLLBACK');
        client.release();
        return;
      }
      case 'delete':
        if (isHeld(what.row)) return;
        await world.pool.query(
          'DELETE FROM oauth_token_exporter.tokens WHERE provider = $1 AND token_id = $2',
          [what.row.provider, what.row.id],
        );
        return;
      case 'write_late':
        if (!isOpen) await world.late().query('BEGIN');
        isOpen = true;
        held.add(`${what.row.provider} ${what.row.id}`);
        await world.late().query(upsert, [what.row.provider, what.row.id, what.row.failures]);
        return;
      case 'savepoint':
        if (isOpen) await world.late().query('SAVEPOINT before');
        hasSavepoint ||= isOpen;
        return;
      case 'rollback_to':
        if (hasSavepoint) await world.late().query('ROLLBACK TO SAVEPOINT before');
        return;
      case 'commit_late':
        await endLate('COMMIT');
        return;
      case 'abort_late':
        await endLate('ROLLBACK');
        return;
      case 'poll': {
        if (what.fails) await world.pool.query('INSERT INTO doom DEFAULT VALUES');
        const free = [...unrecorded, ...what.moved].filter(({ provider: of, seen }) => {
          return !isHeld({ provider: of, id: seen.id });
        });
        unrecorded = what.fails ? free : [];
        const tokens = await world.poll({
          app: free.flatMap((each) => (each.provider === 'app' ? [each.seen] : [])),
          other: free.flatMap((each) => (each.provider === 'other' ? [each.seen] : [])),
        });
        if (what.fails) await world.pool.query('DELETE FROM doom');
        for (const name of providers) {
          const carried = tokens(name);
          if (carried === undefined) failed += 1;
          else expect(sorted(carried)).toEqual(sorted(await world.readAll(name)));
          compared += Number(carried !== undefined && carried.size > 0);
        }
      }
    }
  }

  let compared = 0;
  let failed = 0;

  it('is what the table holds, to the row, whoever writes, aborts, deletes or commits late', async () => {
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 15, maxLength: 50 }),
      async (steps) => {
        await empty();
        for (const each of steps) await take(each);
      },
    );
    await fc.assert(property, { numRuns: 25 });
    expect(compared).toBeGreaterThan(100);
    expect(failed).toBeGreaterThan(5);
  });

  it('is read again only where it was written since', async () => {
    for (const token of ['a', 'b', 'c']) await world.write('app', token, 0);
    const before = new Map((await world.poll())('app'));
    // What the first poll could not see the end of is read once more.
    await world.write('app', 'b', 1);
    const after = (await world.poll())('app');
    expect(after?.get('a')).toBe(before.get('a'));
    expect(after?.get('c')).toBe(before.get('c'));
    expect(after?.get('b')).toMatchObject({ failures: 1 });
  });

  it('holds what a transaction wrote before the first poll and committed after the third', async () => {
    for (const token of ['a', 'late']) await world.write('app', token, 0);
    await take({ do: 'write_late', row: { provider: 'app', id: 'late', failures: 7 } });
    for (let each = 0; each < 3; each += 1) {
      expect((await world.poll())('app')?.get('late')).toMatchObject({ failures: 0 });
      await world.write('other', 'x', each);
    }
    await take({ do: 'commit_late' });
    expect((await world.poll())('app')?.get('late')).toMatchObject({ failures: 7 });
  });

  it('lets go of a row that was deleted by hand while another came', async () => {
    for (const token of ['a', 'b']) await world.write('app', token, 0);
    await world.poll();
    await world.pool.query(`DELETE FROM oauth_token_exporter.tokens WHERE token_id = 'a'`);
    await world.write('app', 'c', 0);
    expect([...((await world.poll())('app')?.keys() ?? [])].sort()).toEqual(['b', 'c']);
  });

  it('is recorded again where its transaction could not be committed', async () => {
    const seen = { id: 'a', active: true, expiresAtMs: beginsAtMs };
    await world.poll({ app: [seen] });
    await world.pool.query('INSERT INTO doom DEFAULT VALUES');
    const moved = { ...seen, expiresAtMs: beginsAtMs + hourMs };
    expect((await world.poll({ app: [moved] }))('app')).toBeUndefined();
    expect(world.problems.at(-1)).toContain('doomed');
    await world.pool.query('DELETE FROM doom');
    await world.poll({ app: [moved] });
    expect((await world.readAll('app')).get('a')).toMatchObject({
      expiresAtMs: moved.expiresAtMs,
      expiryMovedAtMs: expect.any(Number) as number,
    });
  });

  it('is read anew from a table that took the place of another', async () => {
    for (const token of ['a', 'b']) await world.write('app', token, 0);
    await world.pool.query(
      `CREATE TABLE oauth_token_exporter.kept (LIKE oauth_token_exporter.tokens INCLUDING ALL);
       INSERT INTO oauth_token_exporter.kept SELECT * FROM oauth_token_exporter.tokens`,
    );
    await world.write('app', 'a', 1);
    expect((await world.poll())('app')?.get('a')).toMatchObject({ failures: 1 });
    await world.pool.query(
      `DROP TABLE oauth_token_exporter.tokens;
       ALTER TABLE oauth_token_exporter.kept RENAME TO tokens`,
    );
    expect((await world.poll())('app')?.get('a')).toMatchObject({ failures: 0 });
  });

  it('is read anew from a database that took the name of another', async () => {
    const admin = new pg.Client({ connectionString: server.url('template1') });
    await admin.connect();
    await admin.query('CREATE DATABASE first');
    let first = await openWorld(server.url('first'));
    await first.poll();
    await first.write('app', 'a', 0);
    await first.close();
    await admin.query('CREATE DATABASE second TEMPLATE first');
    first = await openWorld(server.url('first'));
    await first.write('app', 'a', 1);
    expect((await first.poll())('app')?.get('a')).toMatchObject({ failures: 1 });
    await endConnections(admin, 'first');
    await admin.query('ALTER DATABASE first RENAME TO third');
    await admin.query('ALTER DATABASE second RENAME TO first');
    expect((await first.poll())('app')?.get('a')).toMatchObject({ failures: 0 });
    await first.close();
    await admin.end();
  });

  it('is read anew after a crash that lost what was committed, and used its ids again', async () => {
    await world.write('app', 'a', 0);
    await world.pool.query('CHECKPOINT');
    await world.write('app', 'a', 1);
    expect((await world.poll())('app')?.get('a')).toMatchObject({ failures: 1 });
    const { rows } = await world.late().query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    process.kill(rows[0]!.pid, 'SIGKILL');
    await world.reconnect();
    expect((await world.readAll('app')).get('a')).toMatchObject({ failures: 0 });
    for (let each = 0; each < 10; each += 1) await world.write('other', 'x', each);
    expect((await world.poll())('app')?.get('a')).toMatchObject({ failures: 0 });
  });

  it('is read anew from a server that was restored from a copy', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'restored-'));
    // The server's own account has to get there.
    await chmod(parent, 0o755);
    const dataFolder = join(parent, 'data');
    const copy = join(parent, 'copy');
    await mkdir(dataFolder);
    const first = await startEmbeddedPostgres({ packageName, dataFolder });
    const { port, password } = first;
    const again = () => startEmbeddedPostgres({ packageName, dataFolder, port, password });
    const restored = await openWorld(first.url());
    await restored.poll();
    await restored.write('app', 'a', 0);
    await first.stop();
    await run('cp', ['-a', dataFolder, copy]);
    const second = await again();
    await restored.reconnect();
    await restored.write('app', 'a', 1);
    expect((await restored.poll())('app')?.get('a')).toMatchObject({ failures: 1 });
    await second.stop();
    await rm(dataFolder, { recursive: true });
    await rename(copy, dataFolder);
    const third = await again();
    await restored.reconnect();
    for (let each = 0; each < 10; each += 1) await restored.write('other', 'x', each);
    expect((await restored.poll())('app')?.get('a')).toMatchObject({ failures: 0 });
    await restored.close();
    await third.stop();
    await rm(parent, { recursive: true, force: true });
  });
});

const sorted = (tokens: ReadonlyMap<string, TokenMemory>): readonly TokenMemory[] =>
  [...tokens.values()].sort((a, b) => (a.tokenId < b.tokenId ? -1 : 1));

const endConnections = (client: pg.Client, database: string) =>
  client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
    database,
  ]);
