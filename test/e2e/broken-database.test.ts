import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadReferenceRows } from '../observe/reference-rows.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { until } from '../support/until.js';
import { startExporter, type Exporter } from './exporter.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';

const tokensUp = 'oauth_token_exporter_source_up{source="fathom:tokens"}';
const lastSuccess = 'oauth_token_exporter_poll_last_success_timestamp_seconds';
const expired = 'oauth_tokens{provider="fathom",status="expired",active="true"}';
/**
 * Two polls and 5 s, 4 s each for which the first may wait for its memory and for the watches, and as
 * much for a busy machine.
 */
const noticedWithinMs = 30_000;
/** The longest pause between two tries, and one poll. */
const recoveredWithinMs = 16_000;

let database: TestDatabase;
let proxy: TcpProxy;
let exporter: Exporter;
beforeEach(async () => {
  database = await createDatabase(testServer17);
  await loadReferenceRows(database);
  proxy = await startTcpProxy(database.url);
});
afterEach(async () => {
  await exporter.stop('SIGKILL');
  await proxy.stop();
  await database.drop();
});

const isUp = async () => (await exporter.scrape()).get(tokensUp) === 1;

describe.each([
  {
    failure: 'goes away',
    break: () => proxy.cut(),
    reason: 'unreachable',
    cause: /nothing listens at 127\.0\.0\.1:\d+|the connection to 127\.0\.0\.1:\d+ failed/,
    advice: /[Ss]tart the database, or check host and port in DATABASE_URL/,
  },
  {
    failure: 'hangs',
    break: () => {
      proxy.hang();
      return Promise.resolve();
    },
    reason: 'timeout',
    cause: /127\.0\.0\.1:\d+ did not answer in time/,
    advice: /pg_stat_activity, or for a firewall that drops packets/,
  },
])('a database that $failure', ({ break: breakIt, reason, cause, advice }) => {
  it('is noticed, explained and survived, without a restart', { timeout: 60_000 }, async () => {
    exporter = await startExporter({ DATABASE_URL: proxy.through(database.url) });
    await exporter.ready();
    await database.query(`UPDATE fathom_integrations SET token_expires_at = now() - interval '1 h'
                          WHERE id::text LIKE '%a'`);
    await until('the poll sees it', async () => (await exporter.scrape()).get(expired) === 2);

    await breakIt();
    await until('it is down', async () => !(await isUp()), { withinMs: noticedWithinMs });
    const down = await exporter.scrape();
    expect(down.get(expired)).toBe(2);
    expect(down.get('oauth_tokens{provider="fathom",status="valid",active="true"}')).toBe(0);
    expect([...down.keys()].filter((series) => series.includes('token_id'))).toHaveLength(7);

    const notReady = await until('it is not ready', async () => {
      const page = await exporter.get('/-/ready');
      return page.status === 503 && advice.test(page.body) && page;
    });
    expect(notReady.body).toMatch(/^not ready: the last successful poll was \d+ s ago: /);
    expect(notReady.body).toMatch(cause);
    const later = await exporter.scrape();
    expect(later.get(lastSuccess)).toBe(down.get(lastSuccess));
    expect(
      later.get(`oauth_token_exporter_poll_failures_total{reason="${reason}"}`),
    ).toBeGreaterThan(0);
    const [line] = await exporter.waitForLine(
      new RegExp(`.*"level":"warn".*"reason":"${reason}".*poll failed.*`),
    );
    expect(line).toMatch(cause);
    expect(line).toMatch(advice);

    await proxy.restore();
    await until('it is up again', isUp, { withinMs: recoveredWithinMs });
    expect((await exporter.get('/-/ready')).status).toBe(200);
    expect((await exporter.scrape()).get(lastSuccess)).toBeGreaterThan(down.get(lastSuccess)!);
    await exporter.waitForLine(/"msg":"poll succeeded again"/);
  });
});

describe('a database that is not there yet', () => {
  it('does not keep the exporter from starting, and is found when it comes', async () => {
    await proxy.cut();
    exporter = await startExporter({ DATABASE_URL: proxy.through(database.url) });
    await until('it is down', async () => (await exporter.scrape()).get(tokensUp) === 0);
    const samples = await exporter.scrape();
    expect(samples.has(lastSuccess)).toBe(false);
    // Counters are there from the start, at 0; of the tokens nothing is known.
    const known = [...samples].filter(([series]) => series.startsWith('oauth_tokens'));
    expect(known).toEqual([['oauth_tokens_disappeared_total{provider="fathom"}', 0]]);
    const { status, body } = await exporter.get('/-/ready');
    expect(status).toBe(503);
    expect(body).toContain('not ready: no poll has succeeded yet: nothing listens at 127.0.0.1:');

    await proxy.restore();
    await until('it is up', isUp, { withinMs: recoveredWithinMs });
    expect((await exporter.get('/-/ready')).body).toBe('ready\n');
  });
});
