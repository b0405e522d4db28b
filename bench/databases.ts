/**
 * Fifty databases in one process, beside one database with the same tables and tokens, and while one
 * of the fifty hangs and another refuses: `npm run bench:databases`.
 *
 * Knobs: BENCH_DATABASES (50), BENCH_TOKENS (10000 in all), BENCH_SECONDS (10 per measurement),
 * BENCH_ROUNDS (2). Numbers of one run compare; those of two machines do not.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { startEmbeddedPostgres } from '../src/demo/embedded-postgres.js';
import { startTcpProxy } from '../test/database/tcp-proxy.js';
import { findFreePort } from '../test/support/free-port.js';
import { spread } from './support/figures.js';

const databases = Number(process.env['BENCH_DATABASES'] ?? 50);
const tokens = Number(process.env['BENCH_TOKENS'] ?? 10_000);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 10);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 2);
const columns = 'columns: { id: id, subject: id, expires_at: expires_at }';
const numbers = Array.from({ length: databases }, (_, index) => index + 1);

const directory = await mkdtemp(join(tmpdir(), 'databases-bench-'));
const server = await startEmbeddedPostgres();
const proxy = await startTcpProxy(Number(new URL(server.url()).port));
const ending = new AbortController();
process.once('SIGINT', () => {
  ending.abort();
});
const children = new Set<ChildProcess>();

interface World {
  readonly name: string;
  readonly yaml: string;
  readonly env: Readonly<Record<string, string>>;
  /** Adds a row whose provider is `p1`. */
  readonly databaseOfFirst: string;
}

interface Figures {
  readonly pollMs: number;
  readonly connections: number;
  readonly rssMb: number;
  readonly lagMs: number;
  /** From the commit of a row to the metric that counts it. */
  readonly freshMs: readonly number[];
}

try {
  await prepare();
  const worlds = [
    oneDatabase(),
    several('of its own each', false),
    several('one hangs, one refuses', true),
  ];
  const measured = new Map<string, Figures[]>(worlds.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const world of worlds) {
      ending.signal.throwIfAborted();
      measured.get(world.name)?.push(await measure(world));
    }
  }
  report(measured);
} finally {
  for (const child of children) child.kill('SIGKILL');
  await proxy.stop();
  await server.stop();
  await rm(directory, { recursive: true, force: true });
}

function query(database: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: server.url(database) });
  return client
    .connect()
    .then(() => client.query(sql))
    .finally(() => client.end());
}

function tableOf(table: string): string {
  return `CREATE TABLE ${table} (id text PRIMARY KEY, expires_at timestamptz);
    INSERT INTO ${table} SELECT n, now() + n * interval '1 minute' + interval '1 day'
    FROM generate_series(1, ${String(Math.round(tokens / databases))}) n`;
}

async function prepare(): Promise<void> {
  await query('postgres', 'CREATE DATABASE together');
  await query('postgres', 'CREATE DATABASE memory');
  for (const n of numbers) {
    ending.signal.throwIfAborted();
    await query('postgres', `CREATE DATABASE d${String(n)}`);
    await query(`d${String(n)}`, tableOf('tokens'));
    await query('together', tableOf(`tokens_${String(n)}`));
  }
}

function oneDatabase(): World {
  const providers = numbers.map(
    (n) => `  p${String(n)}: { table: tokens_${String(n)}, ${columns} }`,
  );
  return {
    name: 'one database',
    yaml: ['token_series_limit: 0', 'providers:', ...providers].join('\n'),
    env: { DATABASE_URL: server.url('together') },
    databaseOfFirst: 'together',
  };
}

function several(name: string, isTroubled: boolean): World {
  const named = numbers.map((n) => `  d${String(n)}: { url: '\${D${String(n)}_URL}' }`);
  const providers = numbers.map(
    (n) => `  p${String(n)}: { database: d${String(n)}, table: tokens, ${columns} }`,
  );
  const env: Record<string, string> = {};
  for (const n of numbers) {
    const url = new URL(server.url(`d${String(n)}`));
    // The last but one hangs, once the exporter is ready; the last refuses.
    if (isTroubled && n === databases - 1) url.port = String(proxy.port);
    env[`D${String(n)}_URL`] = url.href;
  }
  if (isTroubled) env[`D${String(databases)}_URL`] = 'refused';
  return {
    name: `${String(databases)} databases, ${name}`,
    yaml: ['token_series_limit: 0', 'databases:', ...named, 'providers:', ...providers].join('\n'),
    env: { ...env, STATE_DATABASE_URL: server.url('memory') },
    databaseOfFirst: 'd1',
  };
}

async function measure(world: World): Promise<Figures> {
  const config = join(directory, 'config.yaml');
  await writeFile(config, world.yaml);
  const env: Record<string, string> = { ...world.env };
  const isTroubled = Object.values(env).includes('refused');
  if (isTroubled) {
    const port = String(await findFreePort());
    env[`D${String(databases)}_URL`] = `postgresql://reader@127.0.0.1:${port}/nothing`;
    proxy.speakAgain();
  }
  const url = await start({
    ...env,
    CONFIG_FILE: config,
    JOURNAL_DIR: join(directory, 'journal'),
    LISTEN_ADDRESS: '127.0.0.1:0',
    POLL_INTERVAL: '1s',
    LOG_LEVEL: 'info',
  });
  await delay(4_000, undefined, { signal: ending.signal });
  if (isTroubled) {
    proxy.fallSilent();
    await delay(6_000, undefined, { signal: ending.signal });
  }
  const before = await scrape(url);
  const freshMs: number[] = [];
  const endsAtMs = performance.now() + seconds * 1000;
  while (performance.now() < endsAtMs) freshMs.push(await freshness(world, url));
  const after = await scrape(url);
  const connections = await countConnections();
  await stop();
  const poll = 'oauth_token_exporter_poll_duration_seconds';
  const of = (values: ReadonlyMap<string, number>, name: string) => values.get(name) ?? 0;
  return {
    pollMs:
      (1000 * (of(after, `${poll}_sum`) - of(before, `${poll}_sum`))) /
      (of(after, `${poll}_count`) - of(before, `${poll}_count`)),
    connections,
    rssMb: of(after, 'process_resident_memory_bytes') / 1_048_576,
    lagMs: of(after, 'nodejs_eventloop_lag_p99_seconds') * 1000,
    freshMs,
  };
}

async function start(env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(process.execPath, ['dist/main.js', 'serve'], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.add(child);
  const lines = createInterface({ input: child.stderr });
  const url = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const [, found] = /"url":"([^"]+)".*"msg":"listening"/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => {
      reject(new Error(`serve ended with ${String(code)}`));
    });
  });
  return url;
}

async function stop(): Promise<void> {
  for (const child of children) {
    child.kill('SIGTERM');
    await once(child, 'exit');
    children.delete(child);
  }
}

async function scrape(url: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${url}/metrics`);
  const lines = (await response.text()).split('\n').filter((line) => !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

/** Adds a row with an expiry of its own and waits until the metric of that provider counts it. */
async function freshness(world: World, url: string): Promise<number> {
  const table = world.databaseOfFirst === 'together' ? 'tokens_1' : 'tokens';
  const counted = async () =>
    [...(await scrape(url))]
      .filter(([series]) => series.startsWith('oauth_tokens{provider="p1",'))
      .reduce((sum, [, value]) => sum + value, 0);
  const before = await counted();
  // Not in step with the polls.
  await delay(Math.random() * 1000, undefined, { signal: ending.signal });
  const id = String(Math.random());
  await query(
    world.databaseOfFirst,
    `INSERT INTO ${table} VALUES ('${id}', now() + interval '3 days')`,
  );
  const committedAtMs = performance.now();
  while ((await counted()) <= before) {
    if (performance.now() - committedAtMs > 30_000)
      throw new Error('the row was not seen for 30 s');
    await delay(20, undefined, { signal: ending.signal });
  }
  return performance.now() - committedAtMs;
}

async function countConnections(): Promise<number> {
  const { rows } = await query(
    'postgres',
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'oauth-token-exporter'`,
  );
  return (rows[0] as { n: number }).n;
}

function report(measured: ReadonlyMap<string, readonly Figures[]>): void {
  console.log(
    `${String(tokens)} tokens in ${String(databases)} tables, polls every second; ` +
      `${String(cpus().length)} cores, Node ${process.version}, ${String(rounds)} rounds`,
  );
  const titles = ['', 'poll ms', 'connections', 'RSS MB', 'loop p99 ms', 'row to metric ms'];
  const rows = [...measured].map(([name, figures]) => [
    name,
    spread(figures.map(({ pollMs }) => pollMs)),
    spread(figures.map(({ connections }) => connections)),
    spread(figures.map(({ rssMb }) => rssMb)),
    spread(figures.map(({ lagMs }) => lagMs)),
    spread(figures.flatMap(({ freshMs }) => freshMs)),
  ]);
  rows.push(['aim', '', '< 100', '', '< 30', '< 2000 (interval + 1 s)']);
  for (const row of [titles, ...rows]) {
    console.log(row.map((cell, place) => cell.padEnd(place === 0 ? 40 : 18)).join(''));
  }
}
