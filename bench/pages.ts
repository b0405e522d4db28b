/**
 * How soon a person sees the overview, the list of tokens and a search, in Chromium against the
 * built exporter with 100,000 tokens, how large the pages are and how long drawing them blocks the
 * event loop: `npm run bench:pages`.
 *
 * The first view after a poll does the work that later ones share, so it is measured apart. Ends by
 * itself within three minutes. BENCH_TOKENS (100000) and BENCH_ROUNDS (2) change the size,
 * BENCH_VIEWS ("overview,search") chooses.
 */
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Browser } from 'playwright-core';
import { startChromium } from '../test/support/chromium.js';
import { findFreePort } from '../test/support/free-port.js';
import { describeMachine, printTable, spread } from './support/figures.js';
import { startExporter } from './support/measured-process.js';
import type { MeasuredProcess } from './support/measured-process.js';
import { fathomProvider, startTokenWorld } from './support/token-world.js';

const tokens = Number(process.env['BENCH_TOKENS'] ?? 100_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 2);

const views = [
  { name: 'overview', path: '/' },
  { name: 'list of tokens', path: '/tokens' },
  { name: 'sorted by user', path: '/tokens?sort=user&dir=desc' },
  { name: 'search', path: '/tokens?q=abcd' },
  { name: 'last page', path: '/tokens?page=2000' },
  { name: 'who must reconnect', path: '/reconnect' },
  { name: 'also who is merely expired', path: '/reconnect?all' },
].filter(({ name }) => (process.env['BENCH_VIEWS'] ?? name).split(',').includes(name));

interface Seen {
  readonly firstMs: number[];
  readonly laterMs: number[];
  readonly answerMs: number[];
  readonly processorMs: number[];
  gzipBytes: number;
}

const world = await startTokenWorld();
let exporter: MeasuredProcess | null = null;
let browser: Browser | null = null;
const stop = async (): Promise<void> => {
  await browser?.close();
  await exporter?.stop();
  await world.stop();
};
process.once('SIGINT', () => void stop().finally(() => process.exit(130)));
try {
  const url = await world.createTokens('tokens', tokens);
  const port = await findFreePort();
  exporter = startExporter(['serve'], {
    DATABASE_URL: url,
    CONFIG_FILE: await world.writeConfig('all', fathomProvider),
    LISTEN_ADDRESS: `127.0.0.1:${port}`,
    POLL_INTERVAL: '10s',
  });
  await exporter.line(/poll succeeded/);
  browser = await startChromium();
  const base = `http://127.0.0.1:${port}`;
  await firstPaint(browser, `${base}/sources`);
  const seen = new Map<string, Seen>();
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, path } of views) {
      const figures = seen.get(name) ?? emptySeen();
      seen.set(name, figures);
      await exporter.line(/poll succeeded/, 120_000);
      await exporter.loop();
      const first = await firstPaint(browser, base + path);
      figures.processorMs.push((await exporter.loop()).processorMs);
      const later = await firstPaint(browser, base + path);
      figures.firstMs.push(first.paintMs);
      figures.laterMs.push(later.paintMs);
      figures.answerMs.push(first.answerMs);
      figures.gzipBytes = await gzipBytes(base + path);
    }
  }
  report(seen);
} finally {
  await stop();
}

function emptySeen(): Seen {
  return { firstMs: [], laterMs: [], answerMs: [], processorMs: [], gzipBytes: 0 };
}

/** In a new context: nothing is cached. */
async function firstPaint(
  on: Browser,
  url: string,
): Promise<{ readonly paintMs: number; readonly answerMs: number }> {
  const context = await on.newContext();
  try {
    const page = await context.newPage();
    await page.goto(url);
    return await page.evaluate(async () => {
      const paint = await new Promise<PerformanceEntry>((resolve) => {
        new PerformanceObserver((list) => {
          const [entry] = list.getEntriesByName('first-contentful-paint');
          if (entry !== undefined) resolve(entry);
        }).observe({ type: 'paint', buffered: true });
      });
      const [navigation] = performance.getEntriesByType('navigation');
      const { responseStart } = navigation as unknown as { responseStart: number };
      return { paintMs: paint.startTime, answerMs: responseStart };
    });
  } finally {
    await context.close();
  }
}

async function gzipBytes(url: string): Promise<number> {
  const [response] = (await once(
    request(url, { headers: { 'Accept-Encoding': 'gzip' } }).end(),
    'response',
  )) as [IncomingMessage];
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  return bytes;
}

function report(seen: ReadonlyMap<string, Seen>): void {
  console.log(`\n${tokens} tokens, ${rounds} rounds, median (min-max); ${describeMachine()}`);
  console.log('Aims: first contentful paint below 300 ms, less than 100 kB compressed.\n');
  printTable([
    [
      '',
      'paint, first view after a poll, ms',
      'its first byte, ms',
      'paint, later, ms',
      'processor at once, ms',
      'gzip, kB',
    ],
    ...[...seen].map(([name, { firstMs, laterMs, answerMs, processorMs, gzipBytes: bytes }]) => [
      name,
      spread(firstMs),
      spread(answerMs),
      spread(laterMs),
      spread(processorMs, 1),
      (bytes / 1000).toFixed(1),
    ]),
  ]);
}
