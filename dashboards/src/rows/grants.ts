import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { ofProvider, sumBy } from '../promql.js';
import { stat } from '../stat.js';
import { timeSeries } from '../time-series.js';

const third = { width: 8, height: 4, unit: 'short', decimals: 0 } as const;

/** What the tokens rest on: the authorizations, and what only a person can mend. */
export function grants(): Builder<Panel>[] {
  return [
    stat({
      ...third,
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
      ...third,
      title: 'Grants dead',
      shows: 'Grants whose refresh token the provider refused twice, by provider.',
      act: 'Ask these users to reconnect. Nothing else helps.',
      runbook: 'OAuthGrantsDead',
      expr: sumBy('provider', ofProvider('oauth_grants', { state: 'dead' })),
      legend: '{{provider}}',
      colors: ['green', [1, 'orange']],
    }),
    stat({
      ...third,
      title: 'Falsely deactivated',
      shows: 'Tokens that are switched off and have not expired, by provider.',
      act: 'Find out what switched them off, then switch them on: their grants are probably fine.',
      runbook: 'OAuthTokensFalselyDeactivated',
      expr: sumBy('provider', ofProvider('oauth_tokens_falsely_deactivated')),
      legend: '{{provider}}',
      colors: ['green', [1, 'orange']],
    }),
    timeSeries({
      width: 24,
      height: 8,
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
  ];
}
