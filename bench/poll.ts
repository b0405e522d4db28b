/**
 * What the counts of a poll cost the database, beside the runbook's CASE query with GROUP BY, in
 * turn on one PostgreSQL: `npm run bench:poll`. `BENCH_ROWS=10000,10000000` and `BENCH_ROUNDS=5`
 * choose other sizes and rounds. Ratios compare; milliseconds are of one machine on one day.
 */
import { cpus } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readSnapshot } from '../src/database/read-snapshot.js';
import type { Query } from '../src/database/read-snapshot.js';
import { startEmbeddedPostgres } from '../src/demo/embedded-postgres.js';
import { readCatalog } from '../src/observe/catalog.js';
import { resolveCarrySource } from '../src/observe/carried/carry-source.js';
import { createTokenCarriers } from '../src/observe/carried/token-carriers.js';
import { readExpiryCounts } from '../src/observe/expiry-counts.js';
import { readNow } from '../src/observe/observe.js';
import { resolveTokenSource, tablesOf } from '../src/observe/token-source.js';
import { createPoller, referenceSchema } from '../test/observe/poller.js';
import type { Poller } from '../test/observe/poller.js';
import { startDebianPostgres } from '../test/support/debian-postgres.js';
import { findDebianPostgres } from '../test/support/system-servers.js';
import { spread } from './support/figures.js';
import { ratios, sideBySide } from './support/side-by-side.js';

const sizes = (process.env['BENCH_ROWS'] ?? '10000,100000,1000000').split(',').map(Number);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 7);
const yaml = `
providers:
  fathom:
    preset: fathom
    columns: {updated_at: updated_at}
`;
/** At a million rows. */
const aims = { 'no index': 0.65, index: 0.35 };
/** So many rows are written between two polls. */
const writtenRows = 1_000;

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
SELECT gen_random_uuid(), md5(n::text) || md5('a' || n), md5(n::text) || md5('r' || n),
       now() + (random() * 60 - 2) * interval '1 day', 'user-' || n || '@example.com',
       random() < 0.9, now() - random() * interval '1 day'
FROM generate_series($1::int, $2::int) AS n`;

const server = await (findDebianPostgres() === null
  ? startEmbeddedPostgres()
  : startDebianPostgres());
const poller = createPoller(server.url(), { timeoutMs: 300_000, yaml });
process.once('SIGINT', () => void end().then(() => process.exit(130)));
try {
  await prepare(poller);
  let filled = 0;
  for (const rows of sizes) {
    await poller.database.pool.query('DROP INDEX IF EXISTS by_expiry');
    for (; filled < rows; filled = Math.min(rows, filled + 500_000)) {
      const until = Math.min(rows, filled + 500_000);
      await poller.database.pool.query(fillSql, [filled + 1, until]);
    }
    await poller.database.pool.query('VACUUM ANALYZE fathom_integrations');
    await compare(rows, 'no index');
    await poller.database.pool.query(
      'CREATE INDEX CONCURRENTLY by_expiry ON fathom_integrations (token_expires_at) INCLUDE (is_active)',
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

async function prepare({ database: { pool } }: Poller): Promise<void> {
  await pool.query(referenceSchema);
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

/** Whole polls of the counts, with tokens that are carried: everything that is read and worked out. */
async function comparePolls(rows: number): Promise<void> {
  const { pool } = poller.database;
  await pool.query('CREATE INDEX IF NOT EXISTS by_update ON fathom_integrations (updated_at)');
  await pool.query('ANALYZE fathom_integrations');
  const carriers = createTokenCarriers();
  const pollOnce = () =>
    readSnapshot(poller.database, async ({ query }) => {
      const { now } = await readNow(query, Date.now);
      const { source, carry, provider } = await sourcesOf(query);
      if ('because' in carry) throw new Error(carry.because);
      const { name, expiringSoonMs } = provider;
      const options = { now, expiringSoonMs, everyRow: false };
      return carriers.read(query, name, source, carry, options);
    });
  const startedAt = performance.now();
  let polls = 1;
  while ((await pollOnce()) === null) polls += 1;
  const loadedMs = performance.now() - startedAt;
  let longestBlockMs = 0;
  const runbook: number[] = [];
  const carried: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    await pool.query(
      `UPDATE fathom_integrations SET updated_at = now() WHERE id IN (
         SELECT id FROM fathom_integrations TABLESAMPLE SYSTEM (1) LIMIT ${String(writtenRows)})`,
    );
    if (round > 0) runbook.push(await timed(() => pool.query(runbookSql)));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const ms = await timed(pollOnce);
    delay.disable();
    longestBlockMs = Math.max(longestBlockMs, delay.max / 1e6);
    if (round > 0) carried.push(ms);
  }
  console.log(row(rows, 'carried', runbook, carried, ''));
  console.log(
    `            first read of all in ${String(polls)} polls, ${loadedMs.toFixed(0)} ms; ` +
      `${String(writtenRows)} rows written before each poll; event loop delayed at most ${longestBlockMs.toFixed(0)} ms; ` +
      `RSS ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`,
  );
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** The exporter's own statement, chosen as a poll chooses it. */
async function countAt(query: Query, now: Date): Promise<() => Promise<unknown>> {
  const { source, provider } = await sourcesOf(query);
  return () => readExpiryCounts(query, source, now, provider.expiringSoonMs);
}

async function sourcesOf(query: Query) {
  const [provider] = poller.config.providers;
  if (provider === undefined) throw new Error('no provider is configured');
  const catalog = await readCatalog(query, 'postgres', tablesOf(provider.tokens));
  const source = resolveTokenSource(provider.tokens, catalog);
  if (!source.known) throw new Error(source.reason);
  return { provider, source: source.value, carry: resolveCarrySource(provider.tokens, catalog, 0) };
}
