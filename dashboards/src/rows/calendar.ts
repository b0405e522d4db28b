import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { barChart } from '../bar-chart.js';
import { ofProvider, sumBy } from '../promql.js';
import { timeSeries } from '../time-series.js';

/** When tokens will expire, and which of them a refresh saves before. */
export function calendar(): Builder<Panel>[] {
  return [
    barChart({
      width: 16,
      height: 9,
      title: 'Tokens that expire in the next 90 days',
      shows:
        'Tokens by the day (UTC) of their expiry and by what comes of them. refreshed: the exporter refreshes it before. lapses: nothing does. unknown: somebody else has to.',
      act: 'A tall bar that is not green is a cohort that may fall together. `oauth-token-exporter status --calendar` names it.',
      runbook: 'Tokens expiring soon',
      expr: sumBy('day, outcome', ofProvider('oauth_tokens_expiring_on')),
      axis: 'day',
      stack: 'outcome',
      unit: 'short',
      colorOf: { refreshed: 'green', lapses: 'red', unknown: 'yellow', inactive: 'text' },
    }),
    timeSeries({
      width: 8,
      height: 9,
      title: 'Tokens that nobody refreshes',
      shows:
        'Active tokens without a refresh token, or of a provider of which no expiry has moved for a lifetime. due: a refresh should have happened by now. cohort: the most that expire within the same 72 hours of the next 30 days. cliff: so many in a cohort are one, by incidents.cliff_share.',
      act: 'due: refresh them, or ask their users to reconnect, before they expire. A cohort that reaches the line of the cliff cuts all of them off together.',
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
        {
          expr: sumBy('provider', ofProvider('oauth_tokens_expiry_cliff_threshold')),
          legend: '{{provider}} cliff',
        },
      ],
      unit: 'short',
      colorOf: { ' due': 'red', ' cohort': 'orange', ' cliff': 'text' },
    }),
  ];
}
