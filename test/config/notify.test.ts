import { describe, expect, it } from 'vitest';
import { loadFrom, loadYaml } from './load-from.js';

const slack = 'https://hooks.example.com/services/T0/B0/XXsecretXX';

function notifyOf(yaml: string, env: NodeJS.ProcessEnv = {}) {
  const loaded = loadYaml(yaml, env);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config.notify;
}

function problemsOf(yaml: string, env: NodeJS.ProcessEnv = {}): string[] {
  const loaded = loadYaml(yaml, env);
  return loaded.ok ? [] : loaded.problems.map(({ path, message }) => `${path}: ${message}`);
}

/** A file that is valid but for `notify`. */
const withNotify = (notify: string) =>
  `providers: { fathom: { preset: fathom } }\nnotify: ${notify}`;

describe('the configuration of messages', () => {
  it('needs nothing: messages go to the log, and show little of an account', () => {
    expect(notifyOf('log_level: info')).toEqual({
      webhooks: [],
      routes: [],
      accounts: 'masked',
      mention: null,
      heartbeatUrl: null,
      links: {
        statusPage: null,
        dashboard: null,
        reconnect: null,
        runbook:
          'https://github.com/oauth-token-exporter/oauth-token-exporter/blob/main/docs/runbook.md',
      },
    });
  });

  it('reads a webhook from a file, and names further ones by variables', () => {
    const files = {
      'oauth-token-exporter.yaml': withNotify(
        '{ webhooks: { payments: "${SLACK_PAYMENTS}" }, routes: [{ providers: [fathom], severities: [critical], webhook: payments }, { webhook: slack }] }',
      ),
      url: `${slack}\n`,
      payments: `${slack}2\n`,
    };
    const loaded = loadFrom(files, {
      DATABASE_URL: 'postgresql://reader@localhost/app',
      SLACK_WEBHOOK_URL_FILE: 'url',
      SLACK_PAYMENTS_FILE: 'payments',
      SLACK_FALLBACK_WEBHOOK_URL: `${slack}3`,
    });
    expect(loaded).toMatchObject({
      ok: true,
      config: {
        notify: {
          webhooks: [
            { name: 'slack', url: slack },
            { name: 'payments', url: `${slack}2` },
            { name: 'slack-fallback', url: `${slack}3` },
          ],
          routes: [
            { providers: ['fathom'], severities: ['critical'], webhook: 'payments' },
            { providers: [], severities: [], webhook: 'slack' },
          ],
        },
      },
    });
  });

  it('lets the environment win over the file', () => {
    const yaml = withNotify('{ accounts: none, mention: "<!here>" }');
    expect(notifyOf(yaml)).toMatchObject({ accounts: 'none', mention: '<!here>' });
    const env = { ACCOUNTS: 'full', SLACK_MENTION: '<@U012AB3CD>' };
    expect(notifyOf(yaml, env)).toMatchObject({ accounts: 'full', mention: '<@U012AB3CD>' });
  });

  it.each([
    'https://hooks.slack.com/services/T0/B0/x',
    'https://chat.example.com/hooks/x',
    'http://127.0.0.1:1234/x',
    'http://localhost/x',
    'http://[::1]:1/x',
  ])('takes the webhook %s', (SLACK_WEBHOOK_URL) => {
    expect(notifyOf('log_level: info', { SLACK_WEBHOOK_URL }).webhooks).toHaveLength(1);
  });

  it.each([
    '<!here>',
    '<!channel>',
    '<@U012AB3CD>',
    '<@W012AB3CD>',
    '<!subteam^S012AB3CD>',
    '<@U1> <!subteam^S2>',
  ])('takes the mention %s', (SLACK_MENTION) => {
    expect(notifyOf('log_level: info', { SLACK_MENTION }).mention).toBe(SLACK_MENTION);
  });
});

const aUrl = 'must be an https URL (http is for loopback addresses only)';
const aLink =
  'must be an absolute https URL of at most 500 characters (http is for loopback addresses only)';
const aMention =
  'must be <!here>, <!channel>, <@U…> or <!subteam^S…>, or several of them with a blank between';
const aVariable =
  'must name the environment variable that holds the URL, such as ${SLACK_WEBHOOK_PAYMENTS}';

describe('a mistake about messages', () => {
  it.each([
    ['SLACK_WEBHOOK_URL', 'http://hooks.example.com/x', aUrl],
    ['SLACK_WEBHOOK_URL', 'hooks.example.com/x', aUrl],
    ['SLACK_FALLBACK_WEBHOOK_URL', 'ftp://hooks.example.com/x', aUrl],
    ['HEARTBEAT_URL', 'http://ping.example.com/x', aUrl],
    ['PUBLIC_URL', '/status', aLink],
    ['PUBLIC_URL', 'http://tokens.example.com', aLink],
    ['DASHBOARD_URL', `https://example.com/${'x'.repeat(500)}`, aLink],
    ['RUNBOOK_URL', 'javascript:alert(1)', aLink],
    ['RECONNECT_URL', 'app.example.com', aLink],
    ['SLACK_MENTION', '@here', aMention],
    ['SLACK_MENTION', '<!here> everybody', aMention],
    ['SLACK_MENTION', '<https://example.com>', aMention],
    ['ACCOUNTS', 'some', 'must be one of none, masked, full'],
  ])('in %s is named: %s', (name, value, message) => {
    expect(problemsOf('log_level: info', { [name]: value })).toEqual([`${name}: ${message}`]);
  });

  it.each([
    ['{ webhooks: { pay: https://hooks.example.com/x } }', `notify.webhooks.pay: ${aVariable}`],
    [
      '{ webhooks: { pay: "${PAY_WEBHOOK}" } }',
      'notify.webhooks.pay: names PAY_WEBHOOK, which is not set in the environment',
    ],
    [
      '{ routes: [{ webhook: pay }] }',
      'notify.routes[0].webhook: no webhook is named "pay", expected one of: slack',
    ],
    [
      '{ routes: [{ webhook: slack, providers: [fathon] }] }',
      'notify.routes[0].providers[0]: no provider is named "fathon", did you mean "fathom"?',
    ],
    [
      '{ routes: [{ webhook: slack, severities: [urgent] }] }',
      'notify.routes[0].severities[0]: must be one of critical, warning, info',
    ],
    ['{ routes: [{}] }', 'notify.routes[0].webhook: is required'],
    [
      '{ channel: x }',
      'notify.channel: unknown key, expected one of: accounts, mention, webhooks, routes',
    ],
    [
      '{ slack_webhook_url: x }',
      'notify.slack_webhook_url: is read from the environment only: set SLACK_WEBHOOK_URL there',
    ],
    [
      '{ webhooks: { slack: "${X}" } }',
      'notify.webhooks.slack: the name of a webhook is lower-case letters, digits, _ and -, a letter first, and none of slack, slack-fallback, log',
    ],
  ])('in the file is named: %s', (notify, problem) => {
    expect(problemsOf(withNotify(notify))).toEqual([problem]);
  });

  it('is named without the URL, which is a secret', () => {
    const env = {
      SLACK_WEBHOOK_URL: 'http://hooks.example.com/XXsecretXX',
      PAY: 'ftp://XXsecretXX',
    };
    const problems = problemsOf(withNotify('{ webhooks: { pay: "${PAY}" } }'), env);
    expect(problems).toEqual([`SLACK_WEBHOOK_URL: ${aUrl}`, `PAY: ${aUrl}`]);
  });
});
