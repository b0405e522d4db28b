import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadReferenceRows } from '../observe/reference-rows.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { startCli, type RunningCli } from '../support/process.js';
import { until } from '../support/until.js';
import { startExporter } from './exporter.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';

let database: TestDatabase;
let proxy: TcpProxy;
let cli: RunningCli | null = null;
beforeAll(async () => {
  database = await createDatabase(testServer17);
  await loadReferenceRows(database);
});
afterAll(() => database.drop());
beforeEach(async () => {
  proxy = await startTcpProxy(database.url);
});
afterEach(async () => {
  await cli?.stop('SIGKILL');
  await proxy.stop();
});

async function serveThroughProxy() {
  const exporter = await startExporter({ DATABASE_URL: proxy.through(database.url) });
  cli = exporter;
  return exporter;
}

async function timed(ending: Promise<{ code: number | null; stderr: string }>) {
  const startedAt = performance.now();
  const { code, stderr } = await ending;
  return { code, stderr, ms: performance.now() - startedAt };
}

const pollHangs = () => until('a statement waits for its answer', () => proxy.heldBack() > 0);

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('ends the exporter in good order', async () => {
    const exporter = await serveThroughProxy();
    await exporter.ready();
    const { code, stderr, ms } = await timed(exporter.stop(signal));
    expect(code).toBe(0);
    expect(stderr).toContain('"msg":"stopped"');
    expect(ms).toBeLessThan(2_000);
  });

  it('ends it while the database hangs', async () => {
    const exporter = await serveThroughProxy();
    await exporter.ready();
    proxy.hang();
    await pollHangs();
    const { code, ms } = await timed(exporter.stop(signal));
    expect(code).toBe(0);
    expect(ms).toBeLessThan(3_000);
  });

  it('ends it while the database does not even greet', async () => {
    proxy.hang();
    const exporter = await serveThroughProxy();
    await pollHangs();
    const { code, ms } = await timed(exporter.stop(signal));
    expect(code).toBe(0);
    expect(ms).toBeLessThan(3_000);
  });

  it('ends it while a scraper keeps its connection open', async () => {
    const exporter = await serveThroughProxy();
    const agent = new Agent({ keepAlive: true });
    const [response] = (await once(get(`${exporter.url}/metrics`, { agent }), 'response')) as [
      NodeJS.ReadableStream,
    ];
    response.resume();
    await once(response, 'end');
    const { code, ms } = await timed(exporter.stop(signal));
    agent.destroy();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(2_000);
  });
});

describe('a second signal', () => {
  it.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGTERM'],
  ] as const)('ends at once what the first could not: %s, then %s', async (first, second) => {
    const exporter = await serveThroughProxy();
    await exporter.ready();
    proxy.hang();
    await pollHangs();
    void exporter.stop(first);
    await until('it stops listening', async () => {
      const refused = await fetch(`${exporter.url}/-/healthy`).then(
        () => false,
        () => true,
      );
      return refused;
    });
    const { code, ms } = await timed(exporter.stop(second));
    expect(code).toBe(3);
    expect(ms).toBeLessThan(1_000);
  });
});

describe('Ctrl-C', () => {
  it.each(['status', 'doctor'])('ends %s while the database hangs', async (command) => {
    proxy.hang();
    cli = startCli([command], { DATABASE_URL: proxy.through(database.url) });
    await pollHangs();
    const { code, stderr, ms } = await timed(cli.stop('SIGINT'));
    expect(code).toBe(3);
    expect(stderr).toBe('oauth-token-exporter: interrupted\n');
    expect(ms).toBeLessThan(1_000);
  });
});
