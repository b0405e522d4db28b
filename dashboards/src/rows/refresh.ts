import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { acrossReplicas, ofExporter, ofProvider, providerGrowth, sumBy } from '../promql.js';
import { stat } from '../stat.js';
import { table } from '../table.js';
import { timeSeries } from '../time-series.js';
import { neededRate, refreshObstacles } from './refresh-obstacles.js';

const quarter = { width: 6, height: 4, unit: 'short', decimals: 0 } as const;
const third = { width: 8, height: 9 } as const;

const duration = 'oauth_token_refresh_duration_seconds';
const failures = 'oauth_token_refresh_failures_total';

/** Whether the tokens are kept alive: the grants, the refreshes, and what stands in their way. */
export function refresh(): Builder<Panel>[] {
  return [
    ...verdicts(),
    ...refreshObstacles(),
    ...grantsAndRefreshes(),
    ...oddities(),
    neededRate(),
  ];
}

function verdicts(): Builder<Panel>[] {
  return [
    stat({
      ...quarter,
      title: 'Refreshes overdue',
      shows:
        'Tokens whose refresh should have happened by now and did not, by provider. Only where the exporter refreshes.',
      act: '"Failed refreshes" says why; when nothing is even tried, the log does.',
      runbook: 'OAuthTokenRefreshesOverdue',
      expr: sumBy('provider', ofProvider('oauth_token_refreshes_overdue')),
      legend: '{{provider}}',
      colors: ['green', [1, 'red']],
    }),
    stat({
      ...quarter,
      title: 'Grants dead',
      shows: 'Grants whose refresh token the provider refused twice, by provider.',
      act: 'Ask these users to reconnect. Nothing else helps.',
      runbook: 'OAuthGrantsDead',
      expr: sumBy('provider', ofProvider('oauth_grants', { state: 'dead' })),
      legend: '{{provider}}',
      colors: ['green', [1, 'orange']],
    }),
    stat({
      ...quarter,
      title: 'Falsely deactivated',
      shows: 'Tokens that are switched off and have not expired, by provider.',
      act: 'Find out what switched them off, then switch them on: their grants are probably fine.',
      runbook: 'OAuthTokensFalselyDeactivated',
      expr: sumBy('provider', ofProvider('oauth_tokens_falsely_deactivated')),
      legend: '{{provider}}',
      colors: ['green', [1, 'orange']],
    }),
    stat({
      ...quarter,
      title: 'Journals unusable',
      shows:
        'Replicas that refresh nothing because they can’t use their journal. "No data": no provider is refreshed at a token endpoint.',
      act: 'The log of that replica says what is wrong with its JOURNAL_DIR and what to do.',
      runbook: 'OAuthTokenExporterJournalUnusable',
      // Not countOf: without a journal there is nothing to count, and 0 would say that all is well.
      expr: `sum(1 - ${ofExporter('oauth_token_exporter_journal_up')})`,
      legend: 'unusable',
      colors: ['green', [1, 'red']],
    }),
  ];
}

function grantsAndRefreshes(): Builder<Panel>[] {
  return [
    timeSeries({
      ...third,
      title: 'Grants by state',
      shows:
        'The authorization behind each token. live: seen to work. at_risk: the last attempt failed. dead: authorize again. disabled: inactive. unknown: no refresh token, or nothing seen yet.',
      act: 'at_risk that grows: look at "Failed refreshes". dead: ask those users to reconnect. unknown that never shrinks: no refresh has been seen.',
      runbook: 'OAuthGrantsDead',
      queries: [
        {
          expr: sumBy('provider, state', ofProvider('oauth_grants')),
          legend: '{{provider}} {{state}}',
        },
      ],
      unit: 'short',
      stacked: true,
      colorOf: {
        ' live': 'green',
        ' at_risk': 'orange',
        ' dead': 'red',
        ' disabled': 'blue',
        ' unknown': 'purple',
      },
    }),
    timeSeries({
      ...third,
      title: 'Refreshes',
      shows:
        'Tokens per second that the exporter refreshed, all replicas together. shadow: that it would have refreshed.',
      act: 'A flat 0 while tokens are due: nothing is refreshed. Look at "Failed refreshes", then at the log.',
      runbook: 'OAuthTokenRefreshesOverdue',
      queries: [
        {
          expr: providerGrowth('rate', 'provider', 'oauth_token_refreshes_total'),
          legend: '{{provider}}',
        },
        {
          expr: providerGrowth('rate', 'provider', 'oauth_token_refreshes_shadowed_total'),
          legend: '{{provider}} shadow',
        },
      ],
      unit: 'reqps',
    }),
    timeSeries({
      ...third,
      title: 'Failed refreshes',
      shows:
        'Attempts per second that brought no token, by reason, all replicas together. superseded is no failure: somebody else was faster.',
      act: 'The runbook has a line for each reason: the grant, the configuration, the provider, or the database.',
      runbook: 'OAuthTokenRefreshFailing',
      queries: [
        {
          expr: `${providerGrowth('rate', 'provider, reason', failures)} > 0`,
          legend: '{{provider}} {{reason}}',
        },
      ],
      unit: 'reqps',
    }),
  ];
}

function oddities(): Builder<Panel>[] {
  return [
    table({
      ...third,
      title: 'Next due',
      shows:
        'When tokens with a series of their own are due to be refreshed, the earliest first. "Ago": due since then. Dead and disabled ones are never due.',
      act: 'Due for more than some minutes: see "Refreshes overdue". `oauth-token-exporter status --json` lists each token_id with its user.',
      runbook: 'OAuthTokenRefreshesOverdue',
      expr: `sort(${acrossReplicas(ofProvider('oauth_token_refresh_due_timestamp_seconds'))} - time())`,
      columns: [
        { field: 'provider', name: 'Provider' },
        { field: 'token_id', name: 'Token' },
        {
          field: 'Value',
          name: 'Due in',
          unit: 'dtdurations',
          decimals: 1,
          colors: ['orange', [0, 'green']],
        },
      ],
    }),
    timeSeries({
      ...third,
      title: 'Refresh duration',
      shows:
        'From reading the row to remembering the outcome: 50 and 95 of 100 are shorter. Failed ones too.',
      act: 'Seconds: the provider is slow. Near 120 s: it does not answer, and the answer to a request may be lost.',
      runbook: 'OAuthTokenRefreshFailing',
      queries: [0.5, 0.95].map((quantile) => ({
        expr: `histogram_quantile(${quantile}, ${providerGrowth('rate', 'provider, le', `${duration}_bucket`)})`,
        legend: `{{provider}} p${quantile * 100}`,
      })),
      unit: 's',
    }),
    timeSeries({
      ...third,
      title: 'Others’ doing',
      shows:
        'Foreign: expiries that moved forward without us. Disappeared: rows that vanished. Recovered: new tokens stored from the journal after a crash.',
      act: 'Foreign beside our own refreshes: two refreshers share these tokens, turn one off. Disappeared in numbers: find out who deletes. Recovered: find out why the exporter crashed.',
      runbook: 'Foreign refreshes',
      queries: [
        {
          expr: providerGrowth('increase', 'provider', 'oauth_token_foreign_refreshes_total'),
          legend: '{{provider}} foreign',
        },
        {
          expr: providerGrowth('increase', 'provider', 'oauth_tokens_disappeared_total'),
          legend: '{{provider}} disappeared',
        },
        {
          expr: providerGrowth('increase', 'provider', 'oauth_token_rotations_recovered_total'),
          legend: '{{provider}} recovered',
        },
      ],
      unit: 'short',
      colorOf: { ' foreign': 'yellow', ' disappeared': 'red', ' recovered': 'blue' },
    }),
  ];
}
