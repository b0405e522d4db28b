/**
 * How many refreshes a second the exporter does with every guarantee on, beside a bare loop: the
 * same HTTP call and one single-row UPDATE, no claim, no journal, no memory.
 * `npm run build && npm run bench:refresh`; needs pgbouncer for its second half.
 *
 * The exporter is the built `serve`; it, the bare loop and the token endpoint are processes of
 * their own, Postgres flushes its commits. Both work off tables of the same shape, in turns.
 * BENCH_TOKENS (4000) a round, BENCH_ROUNDS (7), BENCH_IN_FLIGHT (16), BENCH_LANES
 * (direct,pgbouncer). With 25 rounds on one lane it is the run of 100,000 refreshes that shows
 * whether memory stays flat. Ends by itself, by default in about 3 minutes.
 */
import { availableParallelism } from 'node:os';
import { startEmbeddedPostgres } from '../src/demo/embedded-postgres.js';
import { findFreePort } from '../test/support/free-port.js';
import { startPgbouncer } from '../test/support/pgbouncer.js';
import { findProgram } from '../test/support/system-servers.js';
import { until } from '../test/support/until.js';
import type { BareRun } from './support/bare-refresh-loop.js';
import { startChild } from './support/child.js';
import { runBenchmark } from './support/clean-up.js';
import type { CleanUp } from './support/clean-up.js';
import { spread } from './support/figures.js';
import { startServe } from './support/refresh-serve.js';
import type { ServeProcess } from './support/refresh-serve.js';
import { createRefreshTables } from './support/refresh-tables.js';
import type { RefreshTables } from './support/refresh-tables.js';
import { startTokenEndpoint } from './support/start-token-endpoint.js';

const tokens = Number(process.env['BENCH_TOKENS'] ?? 4_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 7);
const inFlight = Number(process.env['BENCH_IN_FLIGHT'] ?? 16);
const lanesWanted = (process.env['BENCH_LANES'] ?? 'direct,pgbouncer').split(',');
/** Arguments of Node for `serve`: `--cpu-prof --cpu-prof-dir=…`. */
const nodeArguments = (process.env['BENCH_NODE_ARGUMENTS'] ?? '').split(' ').filter(Boolean);
const pollInterval = '5s';
const mib = 1024 * 1024;

/** One way to the database, and what was measured over it, in refreshes per second. */
interface Lane {
  readonly name: string;
  readonly databaseUrl: string;
  readonly tables: RefreshTables;
  readonly serve: ServeProcess;
  readonly ours: number[];
  readonly bare: number[];
  readonly commits: number[];
  readonly residentMib: number[];
  readonly heapMib: number[];
}

await runBenchmark('refresh', measure);

async function measure(cleanUp: CleanUp, directory: string): Promise<void> {
  const database = await startEmbeddedPostgres({
    // Vacuumed before each run, so that it does not happen in one of them.
    settings: { fsync: 'on', full_page_writes: 'on', autovacuum: 'off' },
  });
  cleanUp.add(() => database.stop());
  const endpoint = await startTokenEndpoint();
  cleanUp.add(endpoint.stop);
  const bareLoop = startChild(new URL('./support/bare-refresh-loop.ts', import.meta.url));
  cleanUp.add(bareLoop.stop);

  const lanes: Lane[] = [];
  for (const name of lanesWanted) {
    if (name === 'pgbouncer' && findProgram('pgbouncer') === null) {
      console.log('pgbouncer is not installed: that half is left out');
      continue;
    }
    lanes.push(await openLane(name));
  }
  for (let round = 0; round <= rounds; round += 1) {
    for (const lane of lanes) {
      const bare = await runBare(lane, true);
      const ours = await runOurs(lane);
      const commits = await runBare(lane, false);
      // The first warms everything up.
      if (round === 0) continue;
      lane.bare.push(bare);
      lane.ours.push(ours);
      lane.commits.push(commits);
      lane.residentMib.push((await lane.serve.metric('process_resident_memory_bytes')) / mib);
      lane.heapMib.push((await lane.serve.metric('nodejs_heap_size_used_bytes')) / mib);
    }
  }
  lanes.forEach(report);

  async function openLane(name: string): Promise<Lane> {
    const tables = await createRefreshTables(database, `bench_${name}`, tokens);
    cleanUp.add(tables.close);
    let databaseUrl = database.url(tables.name);
    if (name === 'pgbouncer') {
      const server = { name, url: (of?: string) => database.url(of) };
      const pooler = await startPgbouncer(server, undefined, 20);
      cleanUp.add(pooler.stop);
      databaseUrl = pooler.through(databaseUrl);
    }
    const serve = startServe({
      directory,
      name,
      databaseUrl,
      tokenEndpoint: endpoint.url,
      port: await findFreePort(),
      pollInterval,
      concurrency: inFlight,
      nodeArguments,
    });
    cleanUp.add(serve.stop);
    await until('serve polls', async () => (await fetch(`${serve.url}/-/ready`)).ok, {
      withinMs: 30_000,
    });
    return {
      ...{ name, databaseUrl, tables, serve },
      ...{ ours: [], bare: [], commits: [], residentMib: [], heapMib: [] },
    };
  }

  async function runBare({ tables, databaseUrl }: Lane, requests: boolean): Promise<number> {
    await tables.expire(tables.bareTable);
    await endpoint.reset();
    const run: BareRun = {
      databaseUrl,
      tokenEndpoint: endpoint.url,
      table: tables.bareTable,
      tokens,
      inFlight,
      requests,
    };
    return (tokens * 1_000) / ((await bareLoop.ask(run)) as number);
  }

  /** From the first request until every token is stored and remembered. */
  async function runOurs({ tables }: Lane): Promise<number> {
    await endpoint.reset();
    await tables.expire('fathom_integrations');
    const patience = { withinMs: 60_000, everyMs: 20 };
    await until(
      'all were sent',
      async () => (await endpoint.counts()).requests >= tokens,
      patience,
    );
    const claimed = 'SELECT FROM oauth_token_exporter.tokens WHERE claimed_by IS NOT NULL LIMIT 1';
    await until('all are remembered', async () => (await tables.query(claimed)).length === 0, {
      ...patience,
      everyMs: 2,
    });
    const tookMs = Date.now() - (await endpoint.counts()).firstAtMs;
    const { requests, refused } = await endpoint.counts();
    const [row] = await tables.query(
      `SELECT count(*)::int AS expired FROM fathom_integrations WHERE token_expires_at <= now()`,
    );
    if (requests !== tokens || refused > 0 || row?.['expired'] !== 0) {
      throw new Error(`not once each: ${JSON.stringify({ requests, refused, ...row })}`);
    }
    return (tokens * 1_000) / tookMs;
  }
}

function report({ name, ours, bare, commits, residentMib, heapMib }: Lane): void {
  const ratios = ours.map((perSecond, round) => perSecond / (bare[round] ?? NaN));
  console.log(
    `\n${name}: ${String(rounds)} rounds of ${String(tokens)} refreshes, ${String(inFlight)} in flight`,
  );
  console.table({
    'single-row commits a second': spread(commits),
    'bare loop, refreshes a second': spread(bare),
    'exporter, refreshes a second': spread(ours),
    'exporter / bare loop (aim 0.8)': spread(ratios, 2),
  });
  console.log(`resident MiB after each round: ${each(residentMib)}`);
  console.log(`heap MiB after each round: ${each(heapMib)}`);
  console.log(`${String(availableParallelism())} cores, Node ${process.version}`);
}

function each(values: readonly number[]): string {
  return values.map((value) => value.toFixed(0)).join(' ');
}
