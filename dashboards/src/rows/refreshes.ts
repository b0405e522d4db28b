import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { ofProvider, providerGrowth, sumBy } from '../promql.js';
import { timeSeries } from '../time-series.js';

const third = { width: 8, height: 9 } as const;

const duration = 'oauth_token_refresh_duration_seconds';
const failures = 'oauth_token_refresh_failures_total';
const demand = 'oauth_token_refresh_demand_per_second';
const rateLimit = 'oauth_token_refresh_rate_limit_per_second';

/** Whether the tokens are kept alive, how fast, and why not. */
export function refreshes(): Builder<Panel>[] {
  return [
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
      title: 'Needed and allowed rate',
      shows:
        'Refreshes per second that the tokens need so that none expires, and what rate_limit allows (dashed). Not where one call of the application’s endpoint refreshes all.',
      act: 'Above the dashed line tokens will expire: ask the provider for a higher rate, then raise rate_limit. A peak alone is a cohort that expires together.',
      runbook: 'OAuthTokenRefreshesOverdue',
      queries: [
        { expr: sumBy('provider', ofProvider(demand)), legend: '{{provider}} needed' },
        { expr: sumBy('provider', ofProvider(rateLimit)), legend: '{{provider}} allowed' },
      ],
      unit: 'reqps',
      limit: ' allowed',
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
    timeSeries({
      ...third,
      title: 'Syncs asked for again',
      shows:
        'Syncs that failed for a token, asked for again once the token was repaired, by what the application said.',
      act: 'failed: read the log of the exporter. quota: raise it, or wait.',
      runbook: 'OAuthSyncsFailingForAuth',
      queries: [
        {
          expr: providerGrowth('increase', 'provider, outcome', 'oauth_sync_retries_total'),
          legend: '{{provider}} {{outcome}}',
        },
      ],
      unit: 'short',
    }),
  ];
}
