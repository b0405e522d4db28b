import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { acrossReplicas, ofExporter } from '../promql.js';
import { table } from '../table.js';
import { timeSeries } from '../time-series.js';

const open = `${acrossReplicas(ofExporter('oauth_incidents_open'))} == 1`;

/** What people have been told of, or would have been without a silence. */
export function incidents(): Builder<Panel>[] {
  return [
    table({
      width: 12,
      height: 8,
      title: 'Incidents open',
      shows:
        'What the exporter tells people of, silenced or not. Without a provider: the exporter itself.',
      act: 'The message has the affected accounts and the next step. `oauth-token-exporter silences` lists what nobody is told of.',
      runbook: 'Start here',
      expr: open,
      columns: [
        { field: 'severity', name: 'Severity' },
        { field: 'provider', name: 'Provider' },
        { field: 'cause', name: 'Cause' },
      ],
    }),
    timeSeries({
      width: 12,
      height: 8,
      title: 'Incidents over time',
      shows: 'Which incidents were open when.',
      act: 'What opened first is most likely the cause of what followed.',
      runbook: 'Start here',
      queries: [{ expr: `sum by (provider, cause) (${open})`, legend: '{{provider}} {{cause}}' }],
      unit: 'short',
      stacked: true,
    }),
  ];
}
