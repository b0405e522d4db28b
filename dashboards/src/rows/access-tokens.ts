import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Color } from '../panel.js';
import { ofProvider, sumBy } from '../promql.js';
import { timeSeries } from '../time-series.js';

const statusColors: Readonly<Record<string, Color>> = {
  ' valid': 'green',
  ' expiring_soon': 'yellow',
  ' expired': 'red',
  ' unknown': 'purple',
};

/** The state of the access tokens themselves: how many have lapsed, are next, are switched off. */
export function accessTokens(): Builder<Panel>[] {
  return [
    timeSeries({
      width: 8,
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
      width: 8,
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
    timeSeries({
      width: 8,
      height: 9,
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
  ];
}
