/**
 * What the counts of a poll cost the database, beside the runbook's CASE query with GROUP BY, in
 * turn on one PostgreSQL: `npm run bench:poll`. `BENCH_SIZES=10000,10000000` and `BENCH_ROUNDS=5`
 * choose other sizes and rounds. Ratios compare; milliseconds are of one machine on one day.
 */
import { cpus } from 'node:os';
import { readSnapshot } from '../src/database/read-snapshot.js';
import type { Query } from '../src/database/read-snapshot.js';
import { startEmbeddedPostgres } from '../src/demo/embedded-postgres.js';
import { readExpiryCounts } from '../src/observe/expiry-counts.js';
import { readNow } from '../src/observe/observe.js';
import { createPoller, referenceSchema } from '../test/observe/poller.js';
import type { Poller } from '../test/observe/poller.js';
import { startDebianPostgres } from '../test/support/debian-postgres.js';
import { findDebianPostgres } from '../test/support/system-servers.js';
import { sourcesOf, startCarriedPolls } from './support/carried-polls.js';
import type { CarriedPoll, CarriedPolls } from './support/carried-polls.js';
import { mebibytes, spread } from './support/figures.js';
import { ratios, sideBySide } from './support/side-by-side.js';

const sizes = (process.env['BENCH_SIZES'] ?? '10000,100000,1000000').split(',').map(Number);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 7);
const yaml = `
providers:
  fathom:
    preset: fathom
    columns: {updated_at: updated_at}
`;
/** At a million rows. */
const aims = { 'no index': 0.65, index: 0.35 };
/** Between two full counts, that cost more than a poll. */
const pollsBetweenCounts = 10;
/** So that a large table is filled and its indexes are made within minutes. */
const settings = { maintenance_work_mem: '512MB', max_wal_size: '16GB', checkpoint_timeout: '1h' };

const runbookSql = `
SELECT CASE
         WHEN token_expires_at < NOW() THEN 'EXPIRED'
         WHEN token_expires_at < NOW() + INTERVAL '7 days' THEN 'EXPIRING SOON'
         ELSE 'VALID'
       END AS token_status, count(*)
FROM fathom_integrations GROUP BY 1`;

/** Tokens of 60 days, two days of them past; a tenth inactive; written by and by over a day. */
const fillSql = `
INSERT INTO fathom_integrations
  (user_id, access_token, refresh_token, token_expires_at, fathom_user_email, is_active, updated_at)
SELECT gen_random_uuid(), repeat(md5('a' || n), 2), repeat(md5('r' || n), 2),
       now() + (random() * 60 - 2) * interval '1 day', 'user-' || n || '@example.com',
       random() < 0.9, now() - random() * interval '1 day'
FROM generate_series($1::int, $2::int) AS n`;

const server = await (findDebianPostgres() === null
  ? startEmbeddedPostgres({ settings })
  : startDebianPostgres(settings));
const poller = createPoller(server.url(), { timeoutMs: 300_000, yaml });
process.once('SIGINT', () => void end().then(() => process.exit(130)));
try {
  await prepare(poller);
  let filled = 0;
  for (const rows of sizes) {
    await fill(filled + 1, rows);
    filled = rows;
    await compare(rows, 'no index');
    await poller.database.pool.query(
      'CREATE INDEX by_expiry ON fathom_integrations (token_expires_at) INCLUDE (is_active)',
    );
    await compare(rows, 'index');
    await comparePolls(rows);
  }
} finally {
  await end();
}

async function end(): Promise<void> {
  await poller.close();
  await server.stop();
}

/** An index that is made at once costs a tenth of one that grows row by row. */
async function fill(from: number, to: number): Promise<void> {
  const { pool } = poller.database;
  await pool.query('DROP INDEX IF EXISTS by_expiry, by_update, by_user');
  await pool.query(
    'ALTER TABLE fathom_integrations DROP CONSTRAINT IF EXISTS fathom_integrations_pkey',
  );
  await pool.query(fillSql, [from, to]);
  await pool.query('ALTER TABLE fathom_integrations ADD PRIMARY KEY (id)');
  await pool.query('CREATE UNIQUE INDEX by_user ON fathom_integrations (user_id)');
  await pool.query('CREATE INDEX by_update ON fathom_integrations (updated_at)');
  await pool.query('VACUUM ANALYZE fathom_integrations');
}

async function prepare({ database: { pool } }: Poller): Promise<void> {
  await pool.query(referenceSchema);
  // The clock that stamps what is written is the benchmark's own.
  await pool.query(`
    ALTER TABLE fathom_integrations DISABLE TRIGGER USER;
    ALTER TABLE fathom_integrations DROP CONSTRAINT fathom_integrations_pkey CASCADE;
    ALTER TABLE fathom_integrations DROP CONSTRAINT fathom_integrations_user_id_key`);
  const { rows } = await pool.query<{ version: string }>(`SELECT version()`);
  console.log(
    `${rows[0]?.version.split(' on ')[0] ?? ''}; Node ${process.version}; ${String(cpus().length)} cores`,
  );
  console.log(`median (min-max) of ${String(rounds)} rounds, milliseconds\n`);
  console.log(
    '      rows  setting   runbook               ours                  ours / runbook      aim',
  );
}

async function compare(rows: number, setting: keyof typeof aims): Promise<void> {
  const times = await readSnapshot(poller.database, async ({ query }) => {
    const { now } = await readNow(query, Date.now);
    const count = await countAt(query, now);
    return sideBySide({ runbook: () => query(runbookSql), ours: count }, rounds);
  });
  const runbook = times.get('runbook') ?? [];
  const ours = times.get('ours') ?? [];
  const aim = rows === 1_000_000 ? `< ${String(aims[setting])}` : '';
  console.log(row(rows, setting, runbook, ours, aim));
}

function row(
  rows: number,
  setting: string,
  runbook: readonly number[],
  ours: readonly number[],
  aim: string,
): string {
  return [
    String(rows).padStart(10),
    setting.padEnd(8),
    spread(runbook, 1).padEnd(20),
    spread(ours, 1).padEnd(20),
    spread(ratios(ours, runbook), 2).padEnd(18),
    aim,
  ].join('  ');
}

/**
 * Polls of the counts with tokens that are carried: all that a poll reads of them and works out. What
 * is written in the 90 seconds that a poll reads again is written before the first that counts.
 */
async function comparePolls(rows: number): Promise<void> {
  const { pool } = poller.database;
  const polls = startCarriedPolls(poller, rows);
  let first = await polls.poll();
  const loading = [first];
  while (first.carried === null) loading.push((first = await polls.poll()));
  for (let before = 0; before < 3; before += 1) {
    await polls.write();
    await polls.poll();
  }
  const runbook: number[] = [];
  const carried: CarriedPoll[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await polls.write();
    runbook.push(await timed(() => pool.query(runbookSql)));
    carried.push(await polls.poll());
  }
  const each = (value: (poll: CarriedPoll) => number) => carried.map(value);
  const databaseMs = each((poll) => poll.databaseMs);
  console.log(row(rows, 'carried', runbook, databaseMs, rows === 10_000_000 ? '100 ms' : ''));
  const sum = (value: (poll: CarriedPoll) => number) =>
    loading.reduce((before, poll) => before + value(poll), 0).toFixed(0);
  const most = (of: readonly CarriedPoll[], value: (poll: CarriedPoll) => number) =>
    Math.max(...of.map(value)).toFixed(0);
  console.log(
    `            of the database's processor; all of the poll ${spread(each(({ wallMs }) => wallMs))}, ` +
      `${spread(each(({ ownMs }) => ownMs))} of this processor; event loop delayed at most ` +
      `${most(carried, (poll) => poll.longestBlockMs)}; RSS ${rss()} MiB\n` +
      `            ${String(polls.writtenRows)} rows written, ${String(polls.leavingRows)} deleted and inserted before each poll; ` +
      `first read of all in ${String(loading.length)} polls, ${sum(({ wallMs }) => wallMs)} ms, ` +
      `${sum((poll) => poll.databaseMs)} of the database's processor, ${sum(({ ownMs }) => ownMs)} of this;\n` +
      `            one of them ${most(loading, ({ wallMs }) => wallMs)} ms at most, event loop delayed at most ${most(loading, (poll) => poll.longestBlockMs)}`,
  );
  await compareToTheToken(polls);
}

/** Nothing is written any more: how many polls later what was deleted is known. */
async function compareToTheToken(polls: CarriedPolls): Promise<void> {
  let waited = 1;
  while (!(await polls.pollIsExact()) && waited < 1_000) {
    for (let each = 1; each < pollsBetweenCounts; each += 1) await polls.poll();
    waited += pollsBetweenCounts;
  }
  console.log(
    `            equal to a full count, to the token, after ${String(waited)} polls at most`,
  );
}

function rss(): string {
  return mebibytes(process.memoryUsage().rss);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** The exporter's own statement, chosen as a poll chooses it. */
async function countAt(query: Query, now: Date): Promise<() => Promise<unknown>> {
  const { source, provider } = await sourcesOf(query, poller.config.providers);
  return () => readExpiryCounts(query, source, now, provider.expiringSoonMs);
}
