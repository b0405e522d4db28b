import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { panelQueries } from '../dashboards/queries.js';
import { loadReferenceRows, idOf } from '../observe/reference-rows.js';
import { describeWith } from '../support/describe-with.js';
import { findFreePort } from '../support/free-port.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { runCli, startCli } from '../support/process.js';
import { startPrometheus, type Prometheus } from '../support/prometheus.js';
import { until } from '../support/until.js';
import { client, startExporter, type Exporter } from './exporter.js';

/** Prometheus waits 5 s before its first scrape, and a rate needs two. */
const scrapedWithinMs = 30_000;

const hostOf = (url: string) => new URL(url).host;

async function isScraped(prometheus: Prometheus): Promise<boolean> {
  const [up] = await prometheus.query('up');
  return up?.value === 1;
}

describeWith('prometheus', 'Prometheus, scraping the exporter of a real database', () => {
  let database: TestDatabase;
  let exporter: Exporter;
  let prometheus: Prometheus;
  beforeAll(async () => {
    database = await createDatabase(testServer17);
    await loadReferenceRows(database);
    // What only a scrape shows: a token id that breaks a parser fails the whole of it.
    await database.query(`ALTER TABLE fathom_sync_state DROP CONSTRAINT fathom_sync_state_integration_id_fkey;
      ALTER TABLE fathom_integrations ALTER id TYPE text;
      INSERT INTO fathom_integrations (id, user_id, access_token, token_expires_at)
      VALUES (E'a "hostile" \\\\ id\\n{}', gen_random_uuid(), 'planted-access', now() + interval '1 h')`);
    exporter = await startExporter({ DATABASE_URL: database.url });
    await exporter.ready();
    prometheus = await startPrometheus({ targets: [hostOf(exporter.url)] });
    await until('it is scraped', () => isScraped(prometheus), { withinMs: scrapedWithinMs });
  });
  afterAll(async () => {
    await prometheus.stop();
    await exporter.stop();
    await database.drop();
  });

  const ask = async (promql: string) => {
    const samples = await prometheus.query(promql);
    return samples.map(({ value }) => value);
  };

  it('reads it all, in the format that it asks for', async () => {
    expect(await ask('scrape_samples_scraped')).toEqual([expect.any(Number)]);
    const answer = await fetch(`${prometheus.url}/api/v1/targets?state=active`);
    const { data } = (await answer.json()) as {
      data: { activeTargets: { health: string; lastError: string }[] };
    };
    expect(data.activeTargets).toMatchObject([{ health: 'up', lastError: '' }]);
  });

  it('answers with the right numbers', async () => {
    expect(await ask('sum(oauth_tokens)')).toEqual([4]);
    expect(await ask('oauth_tokens{status="expired", active="true"}')).toEqual([1]);
    expect(await ask('oauth_tokens{status="valid", active="true"}')).toEqual([1]);
    expect(await ask('sum(oauth_tokens{status="expiring_soon"})')).toEqual([2]);
    expect(await ask('oauth_tokens_expiring_within{within="24h"}')).toEqual([2]);
    expect(await ask('oauth_syncs_stuck')).toEqual([1]);
    expect(await ask('oauth_token_exporter_build_info{demo="false"}')).toEqual([1]);

    const [days] = await ask(
      `(oauth_token_expiration_timestamp_seconds{token_id="${idOf.ada}"} - time()) / 86400`,
    );
    expect(days).toBeCloseTo(20, 1);
    const [hours] = await ask(
      `(time() - oauth_sync_last_success_timestamp_seconds{token_id="${idOf.bob}"}) / 3600`,
    );
    expect(hours).toBeCloseTo(3, 1);
  });

  it('tells tokens apart whatever their ids hold', async () => {
    const samples = await prometheus.query('oauth_token_expiration_timestamp_seconds');
    const ids = samples.map(({ labels }) => labels['token_id']);
    expect(ids.sort()).toEqual([...Object.values(idOf), 'a "hostile" \\ id\n{}'].sort());
  });

  it('forgets a token whose row is deleted', async () => {
    await database.query(`DELETE FROM fathom_integrations WHERE id = '${idOf.cy}'`);
    await until('its series is gone', async () => {
      const series = `oauth_token_expiration_timestamp_seconds{token_id="${idOf.cy}"}`;
      return (await prometheus.query(series)).length === 0;
    });
    expect(await ask('sum(oauth_tokens)')).toEqual([3]);
  });

  it('goes on scraping while the database is away', async () => {
    await database.query('ALTER TABLE fathom_integrations RENAME TO elsewhere');
    await until('the source is down', async () => {
      const [up] = await ask('oauth_token_exporter_source_up{source="fathom:tokens"}');
      return up === 0;
    });
    expect(await ask('up')).toEqual([1]);
    expect(await ask('sum(oauth_tokens)')).toEqual([3]);
    await database.query('ALTER TABLE elsewhere RENAME TO fathom_integrations');
  });
});

/** Panels that show nothing in the demo, and why that is right. */
const rightlyEmpty: readonly (readonly [expr: RegExp, because: string])[] = [
  [/oauth_token_refreshes_shadowed_total/, 'the demo does not run in shadow mode'],
  [/oauth_syncs_failing/, 'no sync of the demo fails'],
  [/oauth_sync_retries_total/, 'the demo has no endpoint for syncs'],
  [/oauth_notification_failures_total/, 'the Slack of the demo takes every message'],
  [/oauth_cron_job/, 'the embedded PostgreSQL has no pg_cron'],
  [/oauth_webhook_(delay|problem)/, 'the webhooks of the demo brought nothing lately'],
  [/oauth_token_refresh_paused/, 'nothing holds its refreshes back'],
  [/^changes\(process_start_time_seconds/, 'nothing restarts in it'],
  [/oauth_stability_watch_violations/, 'what is wrong in the demo is accepted at the start'],
];

describeWith('prometheus', 'the dashboards, over the demo', () => {
  it('show something in every panel', { timeout: 120_000 }, async () => {
    const port = await findFreePort();
    const demo = startCli(['demo'], {
      LISTEN_ADDRESS: `127.0.0.1:${port}`,
      POLL_INTERVAL: '1s',
    });
    onTestFinished(() => void demo.stop());
    await demo.waitForLine(/Ctrl-C ends the demo/, 30_000);
    await client(`http://127.0.0.1:${port}`).ready();
    const [, url = ''] = /DATABASE_URL=(\S+)/.exec(demo.stdout()) ?? [];
    const watch = ['watch', 'start', '--for', '1h', '--note', 'the demo', '--accept-known'];
    expect(await runCli(watch, { DATABASE_URL: url })).toMatchObject({ code: 0, stderr: '' });
    const prometheus = await startPrometheus({ targets: [`127.0.0.1:${port}`] });
    onTestFinished(prometheus.stop);

    // Alerts are none of the exporter's series: without rule files there are none to show.
    const queries = panelQueries().filter(({ expr }) => !expr.includes('ALERTS'));
    expect(queries.length).toBeGreaterThan(20);
    const isRightlyEmpty = ({ expr }: { expr: string }) =>
      rightlyEmpty.some(([pattern]) => pattern.test(expr));
    const empty = new Set(queries.filter((query) => !isRightlyEmpty(query)));
    for (const [pattern] of rightlyEmpty) {
      expect(queries.some(({ expr }) => pattern.test(expr))).toBe(true);
    }
    await until(
      'every query has an answer',
      async () => {
        for (const query of empty) {
          const samples = await prometheus.query(query.expr);
          if (samples.some(({ value }) => !Number.isNaN(value))) empty.delete(query);
        }
        if (empty.size === 0) return true;
        throw new Error([...empty].map(({ panel, expr }) => `${panel}: ${expr}`).join('\n'));
      },
      { withinMs: 60_000, everyMs: 500 },
    );
    expect([...empty]).toEqual([]);
  });
});
