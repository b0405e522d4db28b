import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { acrossReplicas, ofProvider, sumBy } from '../promql.js';
import { table } from '../table.js';
import { timeSeries } from '../time-series.js';

const runbook = 'OAuthWebhooksImpaired';

/** Whether webhooks still bring what they should, or only the cron job does. */
export function webhooks(): Builder<Panel>[] {
  return [
    timeSeries({
      width: 8,
      height: 9,
      title: 'Delay of webhooks',
      shows:
        'Time from an event to its row: half of them took less than 50, nine of ten less than 90.',
      act: 'Minutes: webhooks work. About half the period of the cron job: only the job brings anything.',
      runbook,
      queries: [
        {
          expr: `max by (provider, percentile) (${ofProvider('oauth_webhook_delay_seconds')})`,
          legend: '{{provider}} {{percentile}}',
        },
      ],
      unit: 's',
    }),
    timeSeries({
      width: 8,
      height: 9,
      title: 'Webhook events',
      shows: 'Events taken in lately, by what became of them.',
      act: 'Failures: read error_message of the failed rows. "other" that only grows: nothing works them off.',
      runbook,
      queries: [
        {
          expr: sumBy('provider, outcome', ofProvider('oauth_webhook_events')),
          legend: '{{provider}} {{outcome}}',
        },
      ],
      unit: 'short',
      stacked: true,
      colorOf: { ' succeeded': 'green', ' failed': 'red', ' other': 'yellow' },
    }),
    table({
      width: 4,
      height: 9,
      title: 'Last webhook',
      shows: 'When the last row came in.',
      act: 'Compare it with how often something happens at all.',
      runbook,
      expr: `sort_desc(time() - ${acrossReplicas(ofProvider('oauth_webhook_last_received_timestamp_seconds'))})`,
      columns: [
        { field: 'provider', name: 'Provider' },
        { field: 'Value', name: 'Before', unit: 'dtdurations', decimals: 1 },
      ],
    }),
    table({
      width: 4,
      height: 9,
      title: 'Problems of webhooks',
      shows: 'What is wrong with them now. carried_by_cron explains a delay.',
      act: 'Nothing here is how it should be. The runbook has a line for each word.',
      runbook,
      expr: `${acrossReplicas(ofProvider('oauth_webhook_problem'))} == 1`,
      columns: [
        { field: 'provider', name: 'Provider' },
        { field: 'problem', name: 'Problem' },
      ],
    }),
  ];
}
