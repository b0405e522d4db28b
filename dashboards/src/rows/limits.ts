import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { acrossReplicas, countOf, ofProvider, sumBy } from '../promql.js';
import { stat } from '../stat.js';

const quarter = { width: 6, height: 4, unit: 'short', decimals: 0 } as const;

const demand = 'oauth_token_refresh_demand_per_second';
const rateLimit = 'oauth_token_refresh_rate_limit_per_second';

/** What keeps refreshes from being made, and tokens from being shown, at a glance. */
export function limits(): Builder<Panel>[] {
  return [
    stat({
      ...quarter,
      title: 'Refreshes held back',
      shows:
        'Reasons for which a provider’s refreshes are held back. configuration: our client is refused. retry_after: the provider asked for it. breaker: everything fails alike.',
      act: 'configuration: correct the client’s id or secret and restart. The other two end by themselves; "Failed refreshes" says what went wrong.',
      runbook: 'OAuthTokenRefreshFailing',
      expr: `${sumBy('provider, reason', ofProvider('oauth_token_refresh_paused'))} > 0`,
      legend: '{{provider}} {{reason}}',
      none: 'none',
      colors: ['green', [1, 'red']],
    }),
    stat({
      ...quarter,
      title: 'Rate too small',
      shows:
        'Providers whose tokens need more refreshes than rate_limit allows: some of them will expire, in whatever order.',
      act: 'See "Needed and allowed rate". Ask the provider for a higher rate, then raise rate_limit.',
      runbook: 'OAuthTokenRefreshesOverdue',
      expr: countOf(
        `${acrossReplicas(ofProvider(demand))} > ${acrossReplicas(ofProvider(rateLimit))}`,
      ),
      legend: 'too small',
      colors: ['green', [1, 'red']],
    }),
    stat({
      ...quarter,
      title: 'Requests sent again',
      shows:
        'Requests of the last day whose answer was never seen because the exporter died, and that were sent once more. A provider with replay detection may have ended those grants.',
      act: 'Find out why the exporter dies while it refreshes: give it 130 s to end.',
      runbook: 'OAuthTokenRefreshFailing',
      expr: `sum by (provider) (increase(${ofProvider('oauth_token_ambiguous_requests_total')}[1d]))`,
      legend: '{{provider}}',
      colors: ['green', [1, 'orange']],
    }),
    stat({
      ...quarter,
      title: 'Tokens without a series',
      shows:
        'Tokens that the tables above leave out: only the most urgent have a series each. Every total is complete.',
      act: 'Use `oauth-token-exporter status` for all of them, or raise the limit.',
      runbook: 'Tokens without a series',
      expr: sumBy('provider', ofProvider('oauth_token_series_omitted')),
      legend: '{{provider}}',
      colors: ['blue'],
    }),
  ];
}
