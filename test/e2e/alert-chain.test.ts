import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { grafanaBase, overviewUid, runbookBase } from '../../dashboards/src/links.js';
import {
  folderWithAlerts,
  substitute,
  writeQuickAlertmanager,
  writeShipped,
} from '../deploy/shipped-config.js';
import { idOf, loadReferenceRows } from '../observe/reference-rows.js';
import { startAlertmanager } from '../support/alertmanager.js';
import { describeWith } from '../support/describe-with.js';
import { createDatabase, testServer17 } from '../support/postgres.js';
import { startPrometheus } from '../support/prometheus.js';
import { startSlackRecorder } from '../support/slack-recorder.js';
import { startExporter } from './exporter.js';

/** Prometheus waits 5 s before its first scrape, and as long before it knows its Alertmanager. */
const withinMs = 45_000;

const hostOf = (url: string) => new URL(url).host;

/** The shipped rules, only that the one alert of this test waits a second instead of an hour. */
async function hastenExpired(folder: string): Promise<void> {
  const file = join(folder, 'alerts', 'tokens.rules.yml');
  const rules = await readFile(file, 'utf8');
  const expired = /(- alert: OAuthTokensExpired\n[^]*?\n +for: )1h\n/g;
  await writeFile(file, substitute(rules, [[expired, '$11s\n']]));
}

/** The shipped prometheus.yml, with the addresses of this test. */
function writeQuickPrometheus(folder: string, exporter: string, alertmanager: string) {
  return writeShipped(folder, 'prometheus.yml', [
    ['scrape_interval: 15s', 'scrape_interval: 1s\n  scrape_timeout: 1s'],
    ['evaluation_interval: 15s', 'evaluation_interval: 1s'],
    ['localhost:6749', hostOf(exporter)],
    ['localhost:9093', hostOf(alertmanager)],
  ]);
}

describeWith(
  ['prometheus', 'alertmanager'],
  'from a row of the database to a message in Slack',
  () => {
    it(
      'tells of a token that expired, and of the refresh that ended it',
      { timeout: 120_000 },
      async () => {
        const database = await createDatabase(testServer17);
        onTestFinished(() => database.drop());
        await loadReferenceRows(database);
        const slack = await startSlackRecorder();
        onTestFinished(slack.stop);
        const exporter = await startExporter({ DATABASE_URL: database.url });
        onTestFinished(async () => {
          await exporter.stop();
        });
        await exporter.ready();

        const folder = await folderWithAlerts();
        await hastenExpired(folder);
        const alertmanager = await startAlertmanager(
          await writeQuickAlertmanager(folder, slack.url),
        );
        onTestFinished(alertmanager.stop);
        const configFile = await writeQuickPrometheus(folder, exporter.url, alertmanager.url);
        const prometheus = await startPrometheus({ configFile });
        onTestFinished(prometheus.stop);

        const firing = await slack.message(0, withinMs);
        const runbook = `${runbookBase}#oauthtokensexpired`;
        const dashboard = `${grafanaBase}/d/${overviewUid}?var-provider=fathom`;
        expect(firing).toMatchObject({
          title: 'FIRING 1: OAuthTokensExpired (fathom)',
          fallback: 'FIRING 1: OAuthTokensExpired (fathom)',
          title_link: runbook,
          color: 'warning',
        });
        const lines = firing.text.trim().split('\n');
        expect(lines).toEqual([
          '*warning: 1 active fathom token(s) expired*',
          '1 access token(s) of fathom are in use and past their expiry, and nothing refreshes them. Whatever needs them fails until something does.',
          expect.stringMatching(/^since \d{4}-\d\d-\d\d \d\d:\d\d UTC · /),
        ]);
        expect(lines[2]).toContain(` · <${runbook}|Runbook> · <${dashboard}|Dashboard>`);

        await database.query(
          `UPDATE fathom_integrations SET token_expires_at = now() + interval '1 day' WHERE id = '${idOf.bob}'`,
        );
        const resolved = await slack.message(1, withinMs);
        expect(resolved).toMatchObject({
          title: 'RESOLVED 1: OAuthTokensExpired (fathom)',
          title_link: runbook,
          color: 'good',
        });
        expect(resolved.text).toContain('*resolved: 1 active fathom token(s) expired*');
        // Neither the watchdog, which fires all the time, nor any other alert wrote to people.
        expect(slack.messages.length).toBe(2);
        expect(JSON.stringify(slack.messages)).not.toMatch(/planted-|bob@example\.com/);
      },
    );
  },
);
