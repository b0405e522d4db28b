import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { barChart } from '../bar-chart.js';
import { ofProvider, sumBy } from '../promql.js';

/** When tokens will expire, and which of them a refresh saves before. */
export function calendar(): Builder<Panel>[] {
  return [
    barChart({
      width: 24,
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
  ];
}
