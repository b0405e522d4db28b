/**
 * Whether replicas share the work: refreshes a second of 1, 2 and 3 of the built `serve` on one
 * table, behind a provider that takes 200 ms and allows any rate, and whether a refresh token is
 * ever sent twice, which the provider counts. `npm run build && npm run bench:replicas`.
 *
 * The provider is the limit, so that cores are not: 16 requests in flight at 200 ms are 80 a second
 * and replica. Replicas poll at different moments, up to a second apart,
 * which a run must outlast. BENCH_TOKENS (1200) per replica, BENCH_ROUNDS (2). Ends by itself in
 * about 2 minutes.
 */
import { availableParallelism } from 'node:os';
import { startEmbeddedPostgres } from '../src/demo/embedded-postgres.js';
import { findFreePort } from '../test/support/free-port.js';
import { until } from '../test/support/until.js';
import { runBenchmark } from './support/clean-up.js';
import type { CleanUp } from './support/clean-up.js';
import { median, spread } from './support/figures.js';
import { startServe } from './support/refresh-serve.js';
import type { ServeProcess } from './support/refresh-serve.js';
import { createRefreshTables } from './support/refresh-tables.js';
import { startTokenEndpoint } from './support/start-token-endpoint.js';

const tokensEach = Number(process.env['BENCH_TOKENS'] ?? 1_200);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 2);
const inFlight = 16;
const delayMs = 200;
const pollInterval = '1s';

interface Figures {
  readonly perSecond: number[];
  sent: number;
  twice: number;
}

await runBenchmark('replicas', measure);

async function measure(cleanUp: CleanUp, directory: string): Promise<void> {
  const database = await startEmbeddedPostgres({ settings: { fsync: 'on' } });
  cleanUp.add(() => database.stop());
  const endpoint = await startTokenEndpoint(delayMs);
  cleanUp.add(endpoint.stop);

  const figures = new Map<number, Figures>();
  for (const replicas of [1, 2, 3]) {
    const tokens = tokensEach * replicas;
    const tables = await createRefreshTables(database, `bench_${String(replicas)}`, tokens);
    cleanUp.add(tables.close);
    const running: ServeProcess[] = [];
    for (let replica = 0; replica < replicas; replica += 1) {
      const serve = startServe({
        directory,
        name: `${String(replicas)}-${String(replica)}`,
        databaseUrl: database.url(tables.name),
        tokenEndpoint: endpoint.url,
        port: await findFreePort(),
        pollInterval,
        concurrency: inFlight,
      });
      cleanUp.add(serve.stop);
      running.push(serve);
    }
    for (const { url } of running) {
      await until('serve polls', async () => (await fetch(`${url}/-/ready`)).ok, {
        withinMs: 30_000,
      });
    }
    const measured: Figures = { perSecond: [], sent: 0, twice: 0 };
    figures.set(replicas, measured);
    for (let round = 0; round <= rounds; round += 1) {
      await endpoint.reset();
      // At first a few: one request alone proves the configuration.
      const expired = round === 0 ? 10 * replicas : tokens;
      await tables.expire('fathom_integrations', expired);
      const all = async (): Promise<boolean> => (await endpoint.counts()).requests >= expired;
      await until('all were sent', all, { withinMs: 60_000 });
      const claimed =
        'SELECT FROM oauth_token_exporter.tokens WHERE claimed_by IS NOT NULL LIMIT 1';
      await until('all are remembered', async () => (await tables.query(claimed)).length === 0, {
        everyMs: 5,
      });
      const { requests, refused, firstAtMs, lastAtMs } = await endpoint.counts();
      if (round === 0) continue;
      measured.perSecond.push((requests * 1_000) / (lastAtMs + delayMs - firstAtMs));
      measured.sent += requests;
      measured.twice += refused + requests - tokens;
    }
    await Promise.all(running.map(({ stop }) => stop()));
  }
  report(figures);
}

function report(figures: ReadonlyMap<number, Figures>): void {
  const alone = median(figures.get(1)?.perSecond ?? []);
  console.log(
    `\n${String(rounds)} rounds of ${String(tokensEach)} tokens per replica, ${String(inFlight)} in flight each, ${String(delayMs)} ms at the provider`,
  );
  console.table(
    [...figures].map(([replicas, { perSecond, sent, twice }]) => ({
      replicas,
      'refreshes a second': spread(perSecond),
      'per replica, of one alone (aim 0.9)': spread(
        perSecond.map((each) => each / replicas / alone),
        2,
      ),
      sent,
      'sent twice': twice,
    })),
  );
  console.log(`${String(availableParallelism())} cores, Node ${process.version}`);
}
