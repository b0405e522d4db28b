/**
 * How many scrapes a second, how soon and out of how much memory: our `/metrics` beside the two
 * exporters of Debian that make metrics of a query, all with one series per token of the same
 * table, and a bare node:http server with our bytes as the limit: `npm run
 * bench:scrape`.
 *
 * Needs Debian's wrk, prometheus-sql-exporter and prometheus-postgres-exporter. Ends by itself
 * within five minutes. BENCH_TOKENS ("10000 100000"), BENCH_ROUNDS (3) and BENCH_SECONDS (2, of
 * each run) change the size.
 */
import { once } from 'node:events';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../test/support/free-port.js';
import { describeMachine, median, mebibytes, printTable, spread } from './support/figures.js';
import { startExporter, startMeasured } from './support/measured-process.js';
import { startPostgresExporter, startSqlExporter } from './support/peer-exporters.js';
import { ratios } from './support/side-by-side.js';
import { bareProvider, startTokenWorld } from './support/token-world.js';
import { load } from './support/wrk.js';
import type { Load } from './support/wrk.js';

const sizes = (process.env['BENCH_TOKENS'] ?? '10000 100000').split(' ').map(Number);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 2);

const gzip = { 'Accept-Encoding': 'gzip' };
const cases = [
  { name: 'gzip, 1 connection', connections: 1, headers: gzip },
  { name: 'gzip, 8 connections', connections: 8, headers: gzip },
  { name: 'plain, 1 connection', connections: 1, headers: { 'Accept-Encoding': 'identity' } },
  { name: 'plain, 8 connections', connections: 8, headers: { 'Accept-Encoding': 'identity' } },
];

interface Subject {
  readonly name: string;
  readonly url: string;
  /** The process that answers. */
  readonly pid: () => Promise<number | null>;
  readonly loads: Map<string, Load[]>;
}

const stops: (() => Promise<void>)[] = [];
const stopAll = async (): Promise<void> => {
  for (const stop of stops.splice(0).reverse()) await stop().catch(() => undefined);
};
process.once('SIGINT', () => void stopAll().finally(() => process.exit(130)));
try {
  const world = await startTokenWorld();
  stops.push(world.stop);
  console.log(`${rounds} rounds of ${seconds} s each, median (min-max); ${describeMachine()}`);
  for (const tokens of sizes) {
    const url = await world.createTokens(`tokens_${tokens}`, tokens);
    await measure(tokens, url, world);
  }
} finally {
  await stopAll();
}

async function measure(
  tokens: number,
  databaseUrl: string,
  world: Awaited<ReturnType<typeof startTokenWorld>>,
): Promise<void> {
  const kept = stops.length;
  const ours = await startOurs(
    world.asReader(databaseUrl),
    await world.writeConfig('bare', bareProvider),
  );
  const bare = await startBare(ours.url, world.folder);
  const peers = [
    await startPostgresExporter(databaseUrl, world.folder),
    await startSqlExporter(databaseUrl, world.folder),
  ];
  stops.push(...peers.map(({ stop }) => stop));
  const subjects: Subject[] = [
    ours,
    bare,
    ...peers.map(({ name, url }) => ({
      name: name.replace('prometheus-', ''),
      url,
      pid: () => pidListening(url),
      loads: new Map<string, Load[]>(),
    })),
  ];
  const restMiB = await Promise.all(subjects.map(rssOf));
  for (let round = 0; round < rounds; round += 1) {
    for (const each of cases) {
      for (const subject of subjects) {
        const seen = await load(subject.url, { ...each, seconds });
        subject.loads.set(each.name, [...(subject.loads.get(each.name) ?? []), seen]);
      }
    }
  }
  const loadedMiB = await Promise.all(subjects.map(rssOf));
  const bytes = await Promise.all(subjects.map(({ url }) => bytesOf(url)));
  report(tokens, subjects, { restMiB, loadedMiB, bytes });
  for (const stop of stops.splice(kept).reverse()) await stop();
}

async function startOurs(databaseUrl: string, config: string): Promise<Subject> {
  const port = await findFreePort();
  const exporter = startExporter(['serve'], {
    DATABASE_URL: databaseUrl,
    CONFIG_FILE: config,
    LISTEN_ADDRESS: `127.0.0.1:${port}`,
    POLL_INTERVAL: '30s',
  });
  stops.push(exporter.stop);
  await exporter.line(/poll succeeded/);
  return {
    name: 'this exporter',
    url: `http://127.0.0.1:${port}/metrics`,
    pid: () => Promise.resolve(exporter.pid),
    loads: new Map(),
  };
}

async function startBare(url: string, folder: string): Promise<Subject> {
  const paths = { identity: `${folder}/plain`, gzip: `${folder}/gzip` };
  for (const [encoding, path] of Object.entries(paths))
    await writeFile(path, await get(url, encoding));
  const port = await findFreePort();
  const program = fileURLToPath(new URL('support/bare-server.mjs', import.meta.url));
  const server = startMeasured([program, String(port), paths.identity, paths.gzip]);
  stops.push(server.stop);
  await server.line(/ready/);
  return {
    name: 'bare node:http',
    url: `http://127.0.0.1:${port}/metrics`,
    pid: () => Promise.resolve(server.pid),
    loads: new Map(),
  };
}

/** The body as it was sent, compressed or not. */
async function get(url: string, encoding: string): Promise<Buffer> {
  const [response] = (await once(
    request(url, { headers: { 'Accept-Encoding': encoding } }).end(),
    'response',
  )) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function bytesOf(url: string): Promise<{ plain: number; gzip: number }> {
  return { plain: (await get(url, 'identity')).length, gzip: (await get(url, 'gzip')).length };
}

/** The process that was told to listen there. */
async function pidListening(url: string): Promise<number | null> {
  const { host } = new URL(url);
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    const [program = ''] = command.split('\0');
    if (program.includes('exporter') && command.includes(host)) return Number(entry);
  }
  return null;
}

async function rssOf({ pid }: Subject): Promise<number> {
  const status = await readFile(`/proc/${String(await pid())}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? NaN) * 1024;
}

function report(
  tokens: number,
  subjects: readonly Subject[],
  {
    restMiB,
    loadedMiB,
    bytes,
  }: {
    readonly restMiB: readonly number[];
    readonly loadedMiB: readonly number[];
    readonly bytes: readonly { readonly plain: number; readonly gzip: number }[];
  },
): void {
  console.log(`\n${tokens} tokens, one series each\n`);
  printTable([
    ['', 'RSS at rest, MiB', 'RSS after load, MiB', 'plain, kB', 'gzip, kB'],
    ...subjects.map(({ name }, index) => [
      name,
      mebibytes(restMiB[index] ?? NaN),
      mebibytes(loadedMiB[index] ?? NaN),
      String(Math.round((bytes[index]?.plain ?? NaN) / 1000)),
      String(Math.round((bytes[index]?.gzip ?? NaN) / 1000)),
    ]),
  ]);
  for (const { name } of cases) {
    console.log(`\n${name}`);
    const perSecond = subjects.map(({ loads }) =>
      (loads.get(name) ?? []).map((each) => each.perSecond),
    );
    const [ours = [], bare = [], ...peers] = perSecond;
    printTable([
      ['', 'scrapes/s', 'p50, ms', 'p99, ms', 'failed', 'this exporter is'],
      ...subjects.map((subject, index) => {
        const loads = subject.loads.get(name) ?? [];
        const theirs = perSecond[index] ?? [];
        return [
          subject.name,
          spread(theirs, 1),
          spread(
            loads.map(({ p50Ms }) => p50Ms),
            2,
          ),
          spread(
            loads.map(({ p99Ms }) => p99Ms),
            2,
          ),
          String(loads.reduce((sum, { errors }) => sum + errors, 0)),
          index === 0 ? '' : `${spread(ratios(ours, theirs), 2)} x`,
        ];
      }),
    ]);
    const better = peers.toSorted((a, b) => median(b) - median(a))[0] ?? [];
    console.log(
      `${spread(ratios(ours, better), 0)} times the better peer, ${spread(ratios(ours, bare), 2)} of the bare server (aim 0.7)`,
    );
  }
  console.log('\nAims with gzip: 40 times the better peer at 10,000 tokens, 100 times at 100,000.');
}
