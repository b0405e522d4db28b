import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { alertRules } from '../alerts/rule-files.js';
import {
  amtool,
  startAlertmanager,
  type Alertmanager,
  type PostedAlert,
} from '../support/alertmanager.js';
import { describeWith } from '../support/describe-with.js';
import { startSlackRecorder, type SlackRecorder } from '../support/slack-recorder.js';
import { compose, exists, pathOf, readText, service } from './files.js';
import { folderWithAlerts, writeQuickAlertmanager } from './shipped-config.js';

const config = parse(readText('alertmanager.yml')) as {
  templates: string[];
  receivers: { slack_configs?: { api_url_file: string }[] }[];
  inhibit_rules: { source_matchers: string[]; target_matchers: string[] }[];
};

describe('alertmanager.yml', () => {
  it('has the address of the webhook from a file, which compose puts there', () => {
    const slack = config.receivers.flatMap(({ slack_configs = [] }) => slack_configs);
    expect(slack.map(({ api_url_file }) => api_url_file)).toEqual([
      '/run/secrets/slack-webhook-url',
    ]);
    expect(readText('alertmanager.yml')).not.toContain('hooks.slack.com');
    expect(service('alertmanager').secrets).toEqual(['slack-webhook-url']);
    const file = /:-(.+)\}$/.exec(compose.secrets['slack-webhook-url']?.file ?? '')?.[1] ?? '';
    expect(exists(file), file).toBe(true);
    // The example must reach nobody.
    expect(new URL(readText(file).trim()).hostname).toBe('localhost');
  });

  it('finds its template in compose where it looks for it', () => {
    expect(config.templates).toEqual(['alerts/slack.tmpl']);
    expect(service('alertmanager').volumes).toEqual([
      './alertmanager.yml:/etc/alertmanager/alertmanager.yml:ro',
      './alerts/slack.tmpl:/etc/alertmanager/alerts/slack.tmpl:ro',
    ]);
  });

  it('speaks only of alerts that there are', () => {
    const names = alertRules().map(({ alert }) => alert);
    const matchers = config.inhibit_rules.flatMap((rule) => [
      ...rule.source_matchers,
      ...rule.target_matchers,
    ]);
    const patterns = matchers.filter((matcher) => matcher.startsWith('alertname '));
    expect(patterns.length).toBeGreaterThan(5);
    for (const matcher of patterns) {
      const [, pattern = ''] = /^alertname [!=~]+ "?(.*?)"?$/.exec(matcher) ?? [];
      const matching = names.filter((name) => new RegExp(`^(?:${pattern})$`).test(name));
      expect(matching, matcher).not.toEqual([]);
    }
  });
});

const fathom = { job: 'oauth-token-exporter', provider: 'fathom' };
const links = {
  runbook_url: 'https://example.com/runbook.md#an-alert',
  dashboard: 'http://localhost:3000/d/oauth-tokens?var-provider=fathom',
};
const startsAt = '2026-01-02T03:04:05Z';

function alert(
  alertname: string,
  labels: Readonly<Record<string, string>> = fathom,
  summary = `a summary of ${alertname}`,
): PostedAlert {
  return {
    labels: { alertname, severity: 'warning', ...labels },
    annotations: { summary, description: `A description of ${alertname}.`, ...links },
    startsAt,
  };
}

describeWith('alertmanager', 'alertmanager.yml in Alertmanager', () => {
  async function start(): Promise<{ alertmanager: Alertmanager; slack: SlackRecorder }> {
    const slack = await startSlackRecorder();
    onTestFinished(slack.stop);
    const folder = await folderWithAlerts();
    const alertmanager = await startAlertmanager(await writeQuickAlertmanager(folder, slack.url));
    onTestFinished(alertmanager.stop);
    return { alertmanager, slack };
  }

  it('is valid', async () => {
    const result = await amtool(['check-config', pathOf('alertmanager.yml')]);
    expect(result, result.stderr).toMatchObject({ code: 0 });
  });

  it.each([
    ['slack', 'alertname=OAuthTokensExpired severity=warning'],
    ['slack', 'alertname=OAuthTokenExporterAbsent severity=critical'],
    ['dead-mans-switch', 'alertname=OAuthTokenExporterWatchdog severity=none'],
  ])('gives to %s: %s', async (receiver, labels) => {
    const file = pathOf('alertmanager.yml');
    const args = ['config', 'routes', 'test', `--config.file=${file}`, ...labels.split(' ')];
    expect((await amtool(args)).stdout.trim()).toBe(receiver);
  });

  it('writes what a person can read: how many, how bad, what, since when, and where to look', async () => {
    const { alertmanager, slack } = await start();
    await alertmanager.post([
      alert('OAuthTokenRefreshFailing', { ...fathom, severity: 'critical' }, 'All fails'),
      alert('OAuthTokenRefreshPaused', { ...fathom, job: 'other' }, 'Paused'),
      alert('OAuthTokenRefreshPaused', { ...fathom, job: 'third' }, 'Paused, too'),
    ]);
    const one = await slack.titled('FIRING 1: OAuthTokenRefreshFailing (fathom)');
    const two = await slack.titled('FIRING 2: OAuthTokenRefreshPaused (fathom)');
    expect(one).toMatchObject({
      fallback: 'FIRING 1: OAuthTokenRefreshFailing (fathom)',
      title_link: links.runbook_url,
      color: 'danger',
    });
    expect(one.mrkdwn_in).toContain('text');
    expect(two.color).toBe('warning');
    const where = `<${links.runbook_url}|Runbook> · <${links.dashboard}|Dashboard>`;
    expect(two.text.trim().split('\n')).toEqual([
      '*warning: Paused*',
      'A description of OAuthTokenRefreshPaused.',
      `since 2026-01-02 03:04 UTC · ${where}`,
      '',
      '*warning: Paused, too*',
      'A description of OAuthTokenRefreshPaused.',
      `since 2026-01-02 03:04 UTC · ${where}`,
    ]);
  });

  it('says what is over, and from when to when', async () => {
    const { alertmanager, slack } = await start();
    const both = ['a', 'b'].map((job) => alert('OAuthGrantsDead', { ...fathom, job }, `of ${job}`));
    await alertmanager.post(both);
    await slack.titled('FIRING 2: OAuthGrantsDead (fathom)');
    const endsAt = '2026-01-02T05:06:07Z';
    await alertmanager.post([{ ...both[0]!, endsAt }]);
    const partly = await slack.titled('FIRING 1, RESOLVED 1: OAuthGrantsDead (fathom)');
    expect(partly.color).toBe('warning');
    await alertmanager.post([{ ...both[1]!, endsAt }]);
    const last = await slack.titled('RESOLVED 1: OAuthGrantsDead (fathom)');
    expect(last.color).toBe('good');
    expect(last.text.trim().split('\n').slice(0, 2)).toEqual([
      '*resolved: of b*',
      `from 2026-01-02 03:04 to 2026-01-02 05:06 UTC · <${links.runbook_url}|Runbook> · <${links.dashboard}|Dashboard>`,
    ]);
  });

  it('escapes what comes from data, and does not grow without end', async () => {
    const { alertmanager, slack } = await start();
    const hostile = '<!channel> & "friends"';
    await alertmanager.post(
      Array.from({ length: 12 }, (_, index) =>
        alert('OAuthTokensExpired', { provider: hostile, job: `job-${index}` }, hostile),
      ),
    );
    const escaped = '&lt;!channel&gt; &amp; "friends"';
    const message = await slack.titled(`FIRING 12: OAuthTokensExpired (${escaped})`);
    expect(JSON.stringify(message)).not.toContain('<!');
    expect(message.text.split(`*warning: ${escaped}*`).length - 1).toBe(10);
    expect(message.text.match(/… and more/g)).toHaveLength(1);
  });

  it.each([
    [
      'the exporter is absent',
      alert('OAuthTokenExporterAbsent', { severity: 'critical' }),
      ['OAuthGrantsDead', 'OAuthTokenExporterMemoryUnusable', 'OAuthTokenExporterPollStale'],
      ['OAuthTokenExporterAbsent', 'OAuthTokenExporterWatchdog'],
    ],
    [
      "a provider's tokens can't be read",
      alert('OAuthTokenExporterSourceDown', { ...fathom, severity: 'critical' }),
      ['OAuthGrantsDead', 'OAuthTokenExporterMemoryUnusable', 'OAuthTokenExporterPollStale'],
      ['OAuthTokenExporterSourceDown', 'OAuthTokensExpired', 'OAuthTokenExporterWatchdog'],
    ],
    [
      "a table of syncs can't be read",
      alert('OAuthTokenExporterSourceDown'),
      ['OAuthTokenExporterPollStale'],
      ['OAuthTokenExporterSourceDown', 'OAuthGrantsDead', 'OAuthTokenExporterMemoryUnusable'],
    ],
    [
      'nearly all refreshes of a provider fail',
      alert('OAuthTokenRefreshFailing', { ...fathom, severity: 'critical' }),
      ['OAuthTokenRefreshFailing', 'OAuthTokenRefreshPaused'],
      ['OAuthTokenRefreshesOverdue', 'OAuthGrantsDead', 'OAuthTokensExpired'],
    ],
  ])('when %s, holds back what follows from it and nothing else', async (_, cause, held, told) => {
    const { alertmanager } = await start();
    const { job } = fathom;
    await alertmanager.post([
      cause,
      alert('OAuthGrantsDead'),
      alert('OAuthTokenRefreshesOverdue', { ...fathom, severity: 'critical' }),
      alert('OAuthTokenRefreshFailing'),
      alert('OAuthTokenRefreshPaused', { ...fathom, reason: 'breaker' }),
      alert('OAuthTokensExpired', { job, provider: 'google' }),
      alert('OAuthTokenExporterMemoryUnusable', { job, severity: 'critical' }),
      alert('OAuthTokenExporterPollStale', { job, instance: 'a:6749', severity: 'critical' }),
      alert('OAuthTokenExporterWatchdog', { severity: 'none' }),
    ]);
    const inhibited = await alertmanager.inhibited();
    expect(inhibited).toEqual(expect.arrayContaining(held));
    expect(told.filter((name) => inhibited.includes(name))).toEqual([]);
  });
});
