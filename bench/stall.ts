/**
 * How long the event loop is blocked while the exporter polls and renders one series per token,
 * and what a scrape waits meanwhile: `npm run bench:stall`.
 *
 * Beside it, in the same rounds: the same scrapes of an exporter that does not poll, with the cores to
 * itself and while another one polls, which is what the database and that other process take of the
 * machine; an idle process; and prom-client rendering as many gauges. Ends by itself within four minutes. BENCH_TOKENS
 * (100000) and BENCH_ROUNDS (3) change the size.
 */
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../test/support/free-port.js';
import { describeMachine, mebibytes, printTable, quantile, spread } from './support/figures.js';
import { startExporter, startMeasured } from './support/measured-process.js';
import type { MeasuredProcess } from './support/measured-process.js';
import { fathomProvider, startTokenWorld } from './support/token-world.js';

const tokens = Number(process.env['BENCH_TOKENS'] ?? 100_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const roundMs = 6_000;
const settleMs = 2_500;
const aimMs = 30;

interface Subject {
  readonly name: string;
  readonly process: MeasuredProcess;
  /** Where to scrape; null: nowhere. */
  readonly port: number | null;
  /** Who works meanwhile and is not scraped. */
  readonly beside: Subject | null;
  readonly maxMs: number[];
  readonly p99Ms: number[];
  readonly processorMs: number[];
  readonly scrapeP50Ms: number[];
  readonly scrapeP99Ms: number[];
  /** Polls that succeeded within the rounds. */
  polls: number;
  rss: number;
}

const world = await startTokenWorld();
const subjects: Subject[] = [];
const stop = async (): Promise<void> => {
  await Promise.all(subjects.map((subject) => subject.process.stop()));
  await world.stop();
};
process.once('SIGINT', () => void stop().finally(() => process.exit(130)));
try {
  const config = await world.writeConfig('all', fathomProvider);
  const bare = await addExporter('polling, no memory', 'bare', '2s');
  const remembering = await addExporter('polling, with memory', 'remembering', '2s');
  const quiet = await addExporter('not polling', 'quiet', '5h');
  add('not polling, beside no memory', quiet.process, quiet.port, bare);
  add('not polling, beside memory', quiet.process, quiet.port, remembering);
  add('idle process', startMeasured(['-e', 'setInterval(() => undefined, 1000)']), null);
  const promClient = fileURLToPath(new URL('support/prom-client-renders.mjs', import.meta.url));
  const rendering = startMeasured([promClient, String(tokens)]);
  await rendering.line(/rendered/);
  add('prom-client renders', rendering, null);

  for (let round = 0; round < rounds; round += 1) {
    for (const subject of subjects) await measure(subject);
  }
  report();

  async function addExporter(name: string, database: string, interval: string): Promise<Subject> {
    const owner = await world.createTokens(database, tokens);
    const url = database === 'remembering' ? owner : world.asReader(owner);
    const port = await findFreePort();
    const env = {
      DATABASE_URL: url,
      CONFIG_FILE: config,
      LISTEN_ADDRESS: `127.0.0.1:${port}`,
      POLL_INTERVAL: interval,
    };
    const exporter = startExporter(['serve'], env);
    await exporter.line(/poll succeeded/);
    return add(name, exporter, port);
  }
} finally {
  await stop();
}

function add(
  name: string,
  measured: MeasuredProcess,
  port: number | null,
  beside: Subject | null = null,
): Subject {
  const figures = {
    maxMs: [],
    p99Ms: [],
    processorMs: [],
    scrapeP50Ms: [],
    scrapeP99Ms: [],
    polls: 0,
    rss: 0,
  };
  const subject: Subject = { name, process: measured, port, beside, ...figures };
  subjects.push(subject);
  measured.pause();
  return subject;
}

/** The others are held still meanwhile. The poll that was interrupted so is not measured. */
async function measure(subject: Subject): Promise<void> {
  subject.process.resume();
  subject.beside?.process.resume();
  await delay(settleMs);
  await subject.process.loop();
  const pollsBefore = subject.process.count('poll succeeded');
  const scrapes = subject.port === null ? null : scrapeFor(subject.port, roundMs);
  if (scrapes === null) await delay(roundMs);
  const waits = await scrapes;
  const { maxMs, p99Ms, processorMs, rss } = await subject.process.loop();
  subject.process.pause();
  subject.beside?.process.pause();
  subject.polls += subject.process.count('poll succeeded') - pollsBefore;
  subject.maxMs.push(maxMs);
  subject.p99Ms.push(p99Ms);
  subject.processorMs.push(processorMs);
  subject.rss = Math.max(subject.rss, rss);
  if (waits !== null) {
    subject.scrapeP50Ms.push(quantile(waits, 0.5));
    subject.scrapeP99Ms.push(quantile(waits, 0.99));
  }
}

/** Scrapes one after the other, as Prometheus does but 50 times a second: how long each took. */
async function scrapeFor(port: number, forMs: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const waits: number[] = [];
  const endsAtMs = performance.now() + forMs;
  while (performance.now() < endsAtMs) {
    const startedAtMs = performance.now();
    const headers = { 'Accept-Encoding': 'gzip' };
    const asked = request({ host: '127.0.0.1', port, path: '/metrics', agent, headers }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    waits.push(performance.now() - startedAtMs);
    await delay(Math.max(0, startedAtMs + 20 - performance.now()));
  }
  agent.destroy();
  return waits;
}

function report(): void {
  console.log(
    `\n${tokens} tokens, ${rounds} rounds of ${roundMs / 1000} s, median (min-max); ${describeMachine()}`,
  );
  console.log(`Aim: the loop is never blocked longer than ${aimMs} ms.\n`);
  printTable([
    [
      '',
      'blocked at most, ms',
      'p99, ms',
      'processor, ms',
      'polls',
      'scrape p50, ms',
      'scrape p99, ms',
      'RSS, MiB',
    ],
    ...subjects.map((subject) => [
      subject.name,
      spread(subject.maxMs, 1),
      spread(subject.p99Ms, 1),
      spread(subject.processorMs, 1),
      String(subject.polls),
      ...(subject.port === null
        ? ['-', '-']
        : [spread(subject.scrapeP50Ms, 1), spread(subject.scrapeP99Ms, 1)]),
      mebibytes(subject.rss),
    ]),
  ]);
}
