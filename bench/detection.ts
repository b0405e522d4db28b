/**
 * How soon the exporter notices, measured with the built `serve` and a Slack endpoint on loopback:
 * from a row's change to the metric, from a dead grant, which opens an incident at once, to the
 * message that Slack accepted, and from a refresh to the metric. `npm run build && npm run
 * bench:detection`.
 *
 * Changes come at random moments between two polls, so the median is about half an interval.
 * Grouping is off (BENCH_GROUP_WAIT, 0s): by default it adds its 30 s to the first message on purpose.
 * BENCH_POLL_SECONDS (2), BENCH_ROUNDS (8). Ends by itself, by default in about 2 minutes.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { startEmbeddedPostgres } from '../src/demo/embedded-postgres.js';
import { findFreePort } from '../test/support/free-port.js';
import { startSlackEndpoint } from '../test/support/slack-endpoint.js';
import { until } from '../test/support/until.js';
import { runBenchmark } from './support/clean-up.js';
import type { CleanUp } from './support/clean-up.js';
import { median } from './support/figures.js';
import { startServe } from './support/refresh-serve.js';
import { createRefreshTables } from './support/refresh-tables.js';
import { startTokenEndpoint } from './support/start-token-endpoint.js';

const pollSeconds = Number(process.env['BENCH_POLL_SECONDS'] ?? 2);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 8);
const groupWait = process.env['BENCH_GROUP_WAIT'] ?? '0s';
const patience = { withinMs: 60_000, everyMs: 10 };

await runBenchmark('detection', measure);

async function measure(cleanUp: CleanUp, directory: string): Promise<void> {
  const database = await startEmbeddedPostgres();
  cleanUp.add(() => database.stop());
  const endpoint = await startTokenEndpoint();
  cleanUp.add(endpoint.stop);
  const slack = await startSlackEndpoint();
  cleanUp.add(() => slack.stop());
  const tables = await createRefreshTables(database, 'bench_detection', 100);
  cleanUp.add(tables.close);
  const serve = startServe({
    directory,
    name: 'detection',
    databaseUrl: database.url(tables.name),
    tokenEndpoint: endpoint.url,
    port: await findFreePort(),
    pollInterval: `${String(pollSeconds)}s`,
    concurrency: 3,
    env: { SLACK_WEBHOOK_URL: slack.url('bench'), INCIDENT_GROUP_WAIT: groupWait },
  });
  cleanUp.add(serve.stop);
  const [first] = await tables.query('SELECT id FROM fathom_integrations ORDER BY id LIMIT 1');
  const id = String(first?.['id']);

  const seen = (line: string) =>
    until(`the metrics say ${line}`, async () => (await serve.metrics()).includes(line), patience);
  /** The reference schema brings other incidents. */
  const messages = () =>
    slack.messages.filter((message) => /grants? dead/.test(JSON.stringify(message))).length;
  const told = (count: number) =>
    until(
      `Slack has ${String(count)} messages of dead grants`,
      () => messages() >= count,
      patience,
    );
  const inactive = (count: number) =>
    `oauth_tokens{provider="fathom",status="expiring_soon",active="false"} ${String(count)}`;
  const refreshed = (count: number) =>
    `oauth_token_refreshes_total{provider="fathom"} ${String(count)}`;
  const setActive = (active: boolean) =>
    tables.query(`UPDATE fathom_integrations SET is_active = ${String(active)} WHERE id = '${id}'`);
  /** Not in step with the polls. */
  const anyMoment = () => delay(Math.random() * pollSeconds * 1_000);

  await seen(inactive(0));
  const figures = { row: [] as number[], message: [] as number[], refresh: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    await anyMoment();
    await setActive(false);
    figures.row.push(await msUntil(() => seen(inactive(1))));
    await setActive(true);
    await seen(inactive(0));

    const before = messages();
    await anyMoment();
    await tables.query(
      `UPDATE oauth_token_exporter.tokens SET dead_since = now() WHERE token_id = '${id}'`,
    );
    figures.message.push(await msUntil(() => told(before + 1)));
    await tables.query(
      `UPDATE oauth_token_exporter.tokens SET dead_since = NULL WHERE token_id = '${id}'`,
    );
    await tables.query(
      `UPDATE fathom_integrations SET token_expires_at = token_expires_at + interval '1 minute'
       WHERE id = '${id}'`,
    );
    await told(before + 2);

    await endpoint.reset();
    await anyMoment();
    await tables.query(
      `UPDATE fathom_integrations SET token_expires_at = now() - interval '1 hour' WHERE id = '${id}'`,
    );
    await seen(refreshed(round + 1));
    figures.refresh.push(Date.now() - (await endpoint.counts()).lastAtMs);
  }

  const row = (values: readonly number[], aimMs: number) => ({
    'median s': (median(values) / 1_000).toFixed(2),
    'max s': (Math.max(...values) / 1_000).toFixed(2),
    'aim s': aimMs / 1_000,
  });
  const aimMs = pollSeconds * 1_000 + 1_000;
  console.log(
    `\npolls every ${String(pollSeconds)} s, group_wait ${groupWait}, ${String(rounds)} rounds`,
  );
  console.table({
    'a row changes → metric': row(figures.row, aimMs),
    'a grant is dead → Slack has accepted': row(figures.message, aimMs + 1_000),
    'a refresh → metric': row(figures.refresh, aimMs),
  });
  console.log(`${String(availableParallelism())} cores, Node ${process.version}`);
  if (slack.problems.length > 0) console.log(slack.problems);
}

async function msUntil(happened: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  await happened();
  return performance.now() - startedAtMs;
}
