import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadReferenceRows } from '../observe/reference-rows.js';
import { noticeOf } from '../notify/notices.js';
import { answer, startFaultyTokenEndpoint } from '../support/faulty-token-endpoint.js';
import type { FaultyTokenEndpoint } from '../support/faulty-token-endpoint.js';
import { createDatabase, testServer17, type TestDatabase } from '../support/postgres.js';
import { startSlackEndpoint } from '../support/slack-endpoint.js';
import type { SlackEndpoint } from '../support/slack-endpoint.js';
import { until } from '../support/until.js';
import { startExporter } from './exporter.js';
import type { Exporter } from './exporter.js';

let database: TestDatabase;
let slack: SlackEndpoint;
let heartbeat: FaultyTokenEndpoint;
let exporter: Exporter | null = null;
beforeEach(async () => {
  database = await createDatabase(testServer17);
  await loadReferenceRows(database);
  slack = await startSlackEndpoint();
  heartbeat = await startFaultyTokenEndpoint(answer(200, 'OK'));
});
afterEach(async () => {
  await exporter?.stop('SIGKILL');
  exporter = null;
  await slack.stop();
  await heartbeat.stop();
  await database.drop();
});

/** An incident of the exporter would write the same, in its own transaction. */
async function tell(title: string): Promise<void> {
  await database.query(
    'INSERT INTO oauth_token_exporter.outbox (incident_id, notice) VALUES ($1, $2::jsonb)',
    ['an incident', JSON.stringify(noticeOf({ title }))],
  );
}

const sample = async (running: Exporter, series: string) => (await running.scrape()).get(series);

describe('the exporter with a webhook', () => {
  it('delivers what is in the outbox, beats, and never tells the URLs', async () => {
    const heartbeatSecret = 'XXheartbeatXX';
    const running = await startExporter({
      DATABASE_URL: database.url,
      SLACK_WEBHOOK_URL: slack.url('slack'),
      SLACK_FALLBACK_WEBHOOK_URL: slack.url('fallback'),
      HEARTBEAT_URL: `${heartbeat.url}/${heartbeatSecret}`,
      REFRESH_MODE: 'off',
      LOG_LEVEL: 'debug',
    });
    exporter = running;
    await running.ready();
    await heartbeat.nextRequest();
    await tell('one grant is dead');
    await until('Slack has it', () => slack.messages.length === 1);
    expect(slack.messages[0]?.text).toContain('one grant is dead');
    expect(slack.problems).toEqual([]);
    await until('it is counted', async () => {
      return (await sample(running, 'oauth_notifications_total{channel="slack"}')) === 1;
    });
    expect(await sample(running, 'oauth_notifications_pending')).toBe(0);
    const oldest = 'oauth_notification_oldest_pending_timestamp_seconds';
    expect(await sample(running, oldest)).toBeUndefined();

    slack.fail('slack', { status: 404, body: 'no_service' });
    heartbeat.behave(answer(500, 'no'));
    await tell('two grants are dead');
    await until('the fallback has it', () => slack.messages.length === 2);
    const refused = 'oauth_notification_failures_total{channel="slack",reason="webhook_refused"}';
    await until('the refusal is counted', async () => (await sample(running, refused)) === 1);
    const unheard = 'oauth_token_exporter_heartbeat_failures_total';
    await until('the heartbeat is counted', async () => Number(await sample(running, unheard)) > 0);
    await running.waitForLine(/the webhook slack is refused for good.*notify test --webhook slack/);
    await running.waitForLine(/the heartbeat was not heard/);

    const pages = await Promise.all(['/', '/metrics', '/-/ready'].map((path) => running.get(path)));
    const result = await running.stop();
    expect(result.code).toBe(0);
    const rows = await database.query('SELECT * FROM oauth_token_exporter.webhooks');
    const everything = JSON.stringify({ pages, result, rows });
    expect(everything).not.toContain(slack.secret);
    expect(everything).not.toContain(heartbeatSecret);
    expect(everything).toContain('people were told');
  });

  it('leaves what is pending to its next start', async () => {
    slack.fail('slack', 'reset');
    const env = { DATABASE_URL: database.url, SLACK_WEBHOOK_URL: slack.url('slack') };
    const first = await startExporter({ ...env, REFRESH_MODE: 'off' });
    exporter = first;
    await first.ready();
    await tell('one grant is dead');
    await first.waitForLine(/a message could not be delivered yet/);
    expect((await first.stop()).code).toBe(0);

    slack.fail('slack', 'reset', 0);
    exporter = await startExporter({ ...env, REFRESH_MODE: 'off' });
    await until('Slack has it', () => slack.messages.length === 1, { withinMs: 20_000 });
  });
});
