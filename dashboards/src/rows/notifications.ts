import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { growth, ofExporter } from '../promql.js';
import { stat } from '../stat.js';
import { timeSeries } from '../time-series.js';

const failures = 'oauth_notification_failures_total';

/** Whether people get what they should be told. */
export function notifications(): Builder<Panel>[] {
  return [
    stat({
      width: 4,
      height: 8,
      title: 'Messages waiting',
      shows:
        'Messages that nobody has got yet. "No data": the exporter has no memory, so nothing can wait.',
      act: 'Some for a moment are normal, one a second leaves. For minutes: look at "Failed messages".',
      runbook: 'Start here',
      expr: `max(${ofExporter('oauth_notifications_pending')})`,
      legend: 'waiting',
      unit: 'short',
      decimals: 0,
      colors: ['green', [60, 'orange']],
    }),
    stat({
      width: 4,
      height: 8,
      title: 'Oldest message waiting',
      shows: 'How long the oldest message has been waiting. "No data": none is.',
      act: 'Minutes: `oauth-token-exporter notify test` says what Slack answers.',
      runbook: 'Start here',
      expr: `time() - min(${ofExporter('oauth_notification_oldest_pending_timestamp_seconds')})`,
      legend: 'age',
      unit: 's',
      decimals: 0,
      colors: ['green', [300, 'orange'], [3_600, 'red']],
    }),
    timeSeries({
      width: 8,
      height: 8,
      title: 'Messages delivered',
      shows: 'Messages delivered by channel, all replicas together. log: no webhook is configured.',
      act: 'All of them in log: set SLACK_WEBHOOK_URL, or nobody reads them.',
      runbook: 'Start here',
      queries: [{ expr: growth('channel', 'oauth_notifications_total'), legend: '{{channel}}' }],
      unit: 'short',
    }),
    timeSeries({
      width: 8,
      height: 8,
      title: 'Failed messages',
      shows:
        'Attempts that failed, by channel and reason, and heartbeats that were not heard. given_up: nobody will get that one.',
      act: 'webhook_refused: make a new webhook. given_up: the log has the message. Others are tried again by themselves.',
      runbook: 'Start here',
      queries: [
        { expr: `${growth('channel, reason', failures)} > 0`, legend: '{{channel}} {{reason}}' },
        {
          expr: growth('job', 'oauth_token_exporter_heartbeat_failures_total'),
          legend: 'heartbeat',
        },
      ],
      unit: 'short',
      colorOf: { ' given_up': 'red', ' webhook_refused': 'red', heartbeat: 'yellow' },
    }),
  ];
}
