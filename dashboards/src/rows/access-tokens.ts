import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Color } from '../panel.js';
import { acrossReplicas, ofProvider, sumBy } from '../promql.js';
import { table } from '../table.js';
import { timeSeries } from '../time-series.js';

const statusColors: Readonly<Record<string, Color>> = {
  ' valid': 'green',
  ' expiring_soon': 'yellow',
  ' expired': 'red',
  ' unknown': 'purple',
};

/** The state of the access tokens themselves: who has lapsed, who is next, where a cliff waits. */
export function accessTokens(): Builder<Panel>[] {
  return [
    timeSeries({
      width: 12,
      height: 9,
      title: 'Active tokens by status',
      shows: 'Every token in use, by provider and status.',
      act: 'A step from valid to expired shows when refreshing stopped. Always "expiring_soon" only means that tokens live shorter than the window.',
      runbook: 'OAuthTokensExpired',
      queries: [
        {
          expr: sumBy('provider, status', ofProvider('oauth_tokens', { active: 'true' })),
          legend: '{{provider}} {{status}}',
        },
      ],
      unit: 'short',
      stacked: true,
      colorOf: statusColors,
    }),
    timeSeries({
      width: 12,
      height: 9,
      title: 'Inactive tokens by status',
      shows: 'Tokens that the application switched off, by provider and status.',
      act: 'Inactive and valid is the mark of a token switched off by mistake. When this grows, something switches tokens off: ask the application what.',
      runbook: 'Inactive tokens',
      queries: [
        {
          expr: sumBy('provider, status', ofProvider('oauth_tokens', { active: 'false' })),
          legend: '{{provider}} {{status}}',
        },
      ],
      unit: 'short',
      stacked: true,
      colorOf: statusColors,
    }),
    table({
      width: 12,
      height: 10,
      title: 'Next expirations',
      shows:
        'Tokens with a series of their own, the earliest expiry first. "Ago": already expired. The token is the id of its row.',
      act: '`oauth-token-exporter status --json` lists each token_id with its user and account.',
      runbook: 'Tokens expiring soon',
      expr: `sort(${acrossReplicas(ofProvider('oauth_token_expiration_timestamp_seconds'))} - time())`,
      columns: [
        { field: 'provider', name: 'Provider' },
        { field: 'token_id', name: 'Token' },
        {
          field: 'Value',
          name: 'Expires in',
          unit: 'dtdurations',
          decimals: 1,
          colors: ['red', [0, 'green']],
        },
      ],
    }),
    timeSeries({
      width: 12,
      height: 10,
      title: 'Tokens expiring within',
      shows:
        'Tokens, active or not, that will expire within each time. Each line includes the shorter ones; expired tokens are in none.',
      act: 'A jump is a cohort that will expire together. Make sure that they are refreshed before, not after.',
      runbook: 'Tokens expiring soon',
      queries: [
        {
          expr: sumBy('provider, within', ofProvider('oauth_tokens_expiring_within')),
          legend: '{{provider}} {{within}}',
        },
      ],
      unit: 'short',
    }),
    timeSeries({
      width: 24,
      height: 8,
      title: 'Tokens that nobody refreshes',
      shows:
        'Active tokens without a refresh token, or of a provider of which no expiry has moved for a lifetime. due: a refresh should have happened by now. cohort: the most that expire within the same 72 hours of the next 30 days.',
      act: 'due: refresh them, or ask their users to reconnect, before they expire. A cohort of half the tokens is a cliff.',
      runbook: 'OAuthTokensExpiringUnrefreshed',
      queries: [
        {
          expr: sumBy('provider', ofProvider('oauth_tokens_expiring_unrefreshed')),
          legend: '{{provider}} due',
        },
        {
          expr: sumBy('provider', ofProvider('oauth_tokens_unrefreshed_cohort')),
          legend: '{{provider}} cohort',
        },
      ],
      unit: 'short',
      colorOf: { ' due': 'red', ' cohort': 'orange' },
    }),
  ];
}
