import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { ofExporter } from '../promql.js';
import { timeSeries } from '../time-series.js';

const third = { width: 8, height: 8 } as const;
const runbook = 'The process';

/** What the exporter costs, and whether it has room. */
export function nodeProcess(): Builder<Panel>[] {
  return [
    timeSeries({
      ...third,
      title: 'Memory',
      shows: 'Resident memory of each replica, and the part of it that JavaScript objects use.',
      act: 'A heap that rises for days and never falls is a leak: please report it. A high level alone is many tokens.',
      runbook,
      queries: [
        { expr: ofExporter('process_resident_memory_bytes'), legend: '{{instance}} resident' },
        { expr: ofExporter('nodejs_heap_size_used_bytes'), legend: '{{instance}} heap' },
      ],
      unit: 'bytes',
    }),
    timeSeries({
      ...third,
      title: 'Processor',
      shows: 'Share of one core that each replica uses.',
      act: 'Near 1 for long: poll less often, or let more replicas share the refreshes.',
      runbook,
      queries: [
        {
          expr: `rate(${ofExporter('process_cpu_seconds_total')}[$__rate_interval])`,
          legend: '{{instance}}',
        },
      ],
      unit: 'percentunit',
    }),
    timeSeries({
      ...third,
      title: 'Event loop delay',
      shows:
        'By how much the process was late for its own work: 99 of 100 delays since the last scrape were shorter.',
      act: 'Tenths of a second at every poll: very many tokens have a series of their own. Lower token_series_limit.',
      runbook,
      queries: [{ expr: ofExporter('nodejs_eventloop_lag_p99_seconds'), legend: '{{instance}}' }],
      unit: 's',
    }),
  ];
}
