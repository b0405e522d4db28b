import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { runbookBase } from '../links.js';
import { wordsFor } from '../panel.js';
import {
  acrossReplicas,
  countOf,
  ofExporter,
  ofProvider,
  pollAge,
  staleAfterPolls,
  sumBy,
} from '../promql.js';
import { stat } from '../stat.js';
import { table } from '../table.js';

// The watchdog always fires, and nothing is wrong.
const alerts = 'alertname=~"OAuth.+", severity!="none"';
const glance = { width: 4, height: 4, unit: 'short', decimals: 0 } as const;

/** Is anything wrong, for whom, since when, and what is there to do? */
export function atAGlance(): Builder<Panel>[] {
  return [
    stat({
      ...glance,
      title: 'Alerts firing',
      shows: "The exporter's alerts that fire in Prometheus right now.",
      act: 'The table below names them; each links to its section of the runbook.',
      runbook: 'Start here',
      expr: countOf(`ALERTS{${alerts}, alertstate="firing"}`),
      legend: 'firing',
      colors: ['green', [1, 'red']],
    }),
    stat({
      ...glance,
      title: 'Exporters answering',
      shows: 'Replicas that Prometheus reached at its last scrape.',
      act: 'At 0 nobody watches the tokens and everything else here is empty or old: start the exporter.',
      runbook: 'OAuthTokenExporterAbsent',
      expr: countOf(ofExporter('oauth_token_exporter_build_info')),
      legend: 'answering',
      colors: ['red', [1, 'green']],
    }),
    stat({
      ...glance,
      title: 'Sources down',
      shows: 'Tables that should be readable and are not. Their numbers are the last known ones.',
      act: 'Run `oauth-token-exporter doctor`: it prints the statement that helps.',
      runbook: 'OAuthTokenExporterSourceDown',
      expr: countOf(`${acrossReplicas(ofExporter('oauth_token_exporter_source_up'))} == 0`),
      legend: 'down',
      colors: ['green', [1, 'red']],
    }),
    stat({
      ...glance,
      title: 'Polls behind',
      shows: `Whole poll intervals since the last successful poll, of the worst replica. From ${staleAfterPolls} on the data is stale.`,
      act: 'When it grows, look at "Failed and skipped polls" for the reason.',
      runbook: 'OAuthTokenExporterPollStale',
      expr: `max(floor((${pollAge()}) / ${ofExporter('oauth_token_exporter_poll_interval_seconds')}))`,
      legend: 'behind',
      colors: ['green', [2, 'yellow'], [staleAfterPolls, 'red']],
    }),
    stat({
      ...glance,
      title: 'Active tokens expired',
      shows: 'Access tokens that are in use and past their expiry, by provider.',
      act: 'One refresh repairs a token whose grant is live. Find out why nothing refreshed it before you ask anybody to reconnect.',
      runbook: 'OAuthTokensExpired',
      expr: sumBy('provider', ofProvider('oauth_tokens', { status: 'expired', active: 'true' })),
      legend: '{{provider}}',
      colors: ['green', [1, 'orange']],
    }),
    stat({
      ...glance,
      title: 'Syncs overdue',
      shows: 'Active tokens without a successful sync for longer than configured, by provider.',
      act: 'Many at once: the sync job does not run. A few: look at those users.',
      runbook: 'Syncs late, overdue or stuck',
      expr: sumBy('provider', ofProvider('oauth_syncs_overdue')),
      legend: '{{provider}}',
      colors: ['green', [1, 'orange']],
    }),
    table({
      width: 16,
      height: 7,
      title: 'What is wrong, for whom, since when',
      shows: 'Alerts that fire, or will fire if nothing changes (pending).',
      act: 'Click the alert: the runbook says how to confirm it and what to do. Empty is good.',
      runbook: 'Start here',
      expr: `sort(1000 * (ALERTS{${alerts}} * ignoring (alertstate) group_left () ALERTS_FOR_STATE{${alerts}}))`,
      columns: [
        {
          field: 'alertname',
          name: 'Alert',
          width: 280,
          link: { title: 'Open the runbook', url: `${runbookBase}#\${__value.raw}` },
        },
        {
          field: 'alertstate',
          name: 'State',
          words: wordsFor({
            firing: { text: 'firing', color: 'red' },
            pending: { text: 'pending', color: 'yellow' },
          }),
        },
        { field: 'severity', name: 'Severity' },
        { field: 'provider', name: 'Provider' },
        { field: 'source', name: 'Source' },
        { field: 'instance', name: 'Exporter' },
        { field: 'Value', name: 'Since', unit: 'dateTimeFromNow' },
      ],
    }),
    stat({
      width: 8,
      height: 7,
      title: 'Earliest expiration',
      shows:
        'Until the first token of each provider expires, inactive ones too. "Ago": it already has.',
      act: 'Close to now for every token of a short-lived provider is normal; for a long-lived one, refresh or reconnect in time.',
      runbook: 'Tokens expiring soon',
      expr: `min by (provider) (${acrossReplicas(ofProvider('oauth_token_earliest_expiration_timestamp_seconds'))}) - time()`,
      legend: '{{provider}}',
      unit: 'dtdurations',
      decimals: 1,
      colors: ['orange', [0, 'green']],
    }),
  ];
}
